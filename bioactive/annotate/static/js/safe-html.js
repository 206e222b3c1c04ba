// Markup that a recipe gives. Scripts, frames, forms and handlers are taken out; what remains keeps the recipe's look.
// The page's policy forbids all of them as well: this keeps the policy from being the only wall.

const FORBIDDEN = "script, iframe, frame, object, embed, link, meta, base, form, template, noscript, style";
const ADDRESSES = ["href", "src", "action", "formaction", "xlink:href", "srcset", "poster", "data"];
const UNSAFE = /^\s*(javascript|vbscript|data:(?!image\/(png|jpeg|gif|webp);))/i;

export function safeNodes(markup) {
  // Renamed before they are read, as the policy would report each of them.
  const unstyled = markup.replace(/<[^<>]*>/g, (tag) => tag.replace(/[\s/](style|on\w+)\s*=/gi, " data-$1="));
  const parsed = new DOMParser().parseFromString(unstyled, "text/html");
  parsed.querySelectorAll(FORBIDDEN).forEach((element) => element.remove());
  for (const element of parsed.body.querySelectorAll("*")) clean(element);
  return [...document.importNode(parsed.body, true).childNodes].map(applyStyles);
}

function clean(element) {
  for (const { name, value } of [...element.attributes]) {
    const handler = /^(data-)?on/i.test(name);
    if (handler || (ADDRESSES.includes(name.toLowerCase()) && UNSAFE.test(value))) element.removeAttribute(name);
  }
  element.removeAttribute("style");
  if (element.id) element.removeAttribute("id"); // the page's own names stay its own
  if (element.localName === "a") Object.entries({ target: "_blank", rel: "noopener noreferrer" }).forEach(([k, v]) => element.setAttribute(k, v));
}

// Styles go in through the object model, which the policy allows, and nowhere else.
function applyStyles(node) {
  const styled = node instanceof Element ? [node, ...node.querySelectorAll("[data-style]")] : [];
  for (const element of styled) {
    if (!element.dataset?.style) continue;
    element.style.cssText = element.dataset.style;
    if (/url\(/i.test(element.style.cssText)) element.style.cssText = "";
    delete element.dataset.style;
  }
  return node;
}

const escaped = (text) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

// {{name}} and {{meta.name}} are put in as text, {{{name}}} as markup, which is cleaned like the template itself.
export function template(markup, task) {
  const value = (path) => path.split(".").reduce((found, key) => (Object.hasOwn(Object(found), key) ? found[key] : undefined), task);
  const written = (found) => (found === undefined || found === null ? "" : typeof found === "object" ? JSON.stringify(found) : String(found));
  return markup
    .replace(/\{\{\{\s*([\w.]+)\s*\}\}\}|\{\{\s*([\w.]+)\s*\}\}/g, (_, raw, plain) => (raw ? written(value(raw)) : escaped(written(value(plain)))));
}
