// Markup that a recipe gives. Scripts, frames, forms and handlers are taken out; what remains keeps the recipe's look.
// The page's policy forbids all of them as well: this keeps the policy from being the only wall.

import { render } from "./mustache.js";

const FORBIDDEN = "script, iframe, frame, object, embed, link, meta, base, form, template, noscript, style";
const ADDRESSES = ["href", "src", "action", "formaction", "xlink:href", "srcset", "poster", "data"];
const UNSAFE = /^\s*(javascript|vbscript|data:(?!image\/(png|jpeg|gif|webp);))/i;

const STYLES = /<style\b[^>]*>([\s\S]*?)<\/style\s*>/gi;
const TAGS = /<[a-z](?:"[^"]*"|'[^']*'|[^"'<>])*>/gi;

export function safeNodes(markup) {
  return [...document.importNode(cleaned(markup), true).childNodes].map(applyStyles);
}

// The body of a document that holds nothing but what may be shown.
function cleaned(markup) {
  // Renamed before they are read, as the policy would report each of them.
  const unstyled = markup.replace(STYLES, "").replace(/<[^<>]*>/g, (tag) => tag.replace(/[\s/](style|on\w+)\s*=/gi, " data-$1="));
  const parsed = new DOMParser().parseFromString(unstyled, "text/html");
  parsed.querySelectorAll(FORBIDDEN).forEach((element) => element.remove());
  for (const element of parsed.body.querySelectorAll("*")) clean(element);
  return parsed.body;
}

// --- templates: the recipe's own, and trusted; what a task puts into them is not

const sheets = new Set();

// The template as nodes. Its handlers, ids and styles stay; a task's values are text, or cleaned markup.
export function trustedNodes(markup) {
  const bare = markup.replace(STYLES, (_, css) => (addSheet(css), ""));
  const unstyled = bare.replace(TAGS, (tag) => tag.replace(/[\s/]style\s*=/gi, " data-style="));
  const parsed = new DOMParser().parseFromString(unstyled, "text/html");
  for (const element of parsed.body.querySelectorAll("*")) withoutScriptAddresses(element);
  return [...document.importNode(parsed.body, true).childNodes].map((node) => applyStyles(node, true));
}

// Put a task into a template; the result goes through trustedNodes.
export function template(markup, task) {
  const own = handlersOf(markup);
  const filled = render(markup, task, escaped, (text) => cleaned(text).outerHTML.slice("<body>".length, -"</body>".length));
  return withoutOthers(filled, own);
}

// The code of the template's handlers. Those that would hold a value of the task do not count.
function handlersOf(markup) {
  const found = new Set();
  const inert = markup.replace(STYLES, "").replace(TAGS, (tag) => tag.replace(/[\s/](style|on\w+)\s*=/gi, " data-$1="));
  const { body } = new DOMParser().parseFromString(inert, "text/html");
  for (const element of body.querySelectorAll("*")) {
    for (const { name, value } of element.attributes) if (name.startsWith("data-on") && !value.includes("{{")) found.add(value);
  }
  return found;
}

// Take out handlers that are not the template's: a value with quotes may have brought them.
function withoutOthers(markup, own) {
  return markup.replace(TAGS, (tag) => tag.replace(/[\s/]on\w+\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)/gi, (whole, code) => {
    const text = new DOMParser().parseFromString(`<i title=${code}></i>`, "text/html").querySelector("i")?.title ?? "";
    return own.has(text) ? whole : "";
  }));
}

// An address may be a value of the task.
function withoutScriptAddresses(element) {
  for (const { name, value } of [...element.attributes]) {
    if (ADDRESSES.includes(name.toLowerCase()) && UNSAFE.test(value)) element.removeAttribute(name);
  }
}

function addSheet(css) {
  if (sheets.has(css)) return;
  sheets.add(css);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
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
function applyStyles(node, trusted = false) {
  const styled = node instanceof Element ? [node, ...node.querySelectorAll("[data-style]")] : [];
  for (const element of styled) {
    if (!element.dataset?.style) continue;
    element.style.cssText = element.dataset.style;
    if (!trusted && /url\(/i.test(element.style.cssText)) element.style.cssText = "";
    delete element.dataset.style;
  }
  return node;
}

const escaped = (text) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
