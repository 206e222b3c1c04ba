// Mustache templates: {{x}} as text, {{{x}}} and {{&x}} as markup, {{#x}}...{{/x}} and {{^x}}...{{/x}} sections,
// {{! comments }}, {{.}} and dotted names. Partials are not supported.

const TAG = /\{\{\{\s*([^{}]+?)\s*\}\}\}|\{\{\s*([#^/&!]?)\s*([^{}]*?)\s*\}\}/g;

// Render a template. escape(text) and raw(text) say how a value is written.
export function render(template, task, escape, raw) {
  return write(parse(template), [task], escape, raw);
}

// The template as a list of texts and of { kind, name, parts }.
function parse(template) {
  const root = { parts: [] };
  const open = [root];
  let position = 0;
  for (const match of template.matchAll(TAG)) {
    const [whole, markup, sign, name] = match;
    open.at(-1).parts.push(template.slice(position, match.index));
    position = match.index + whole.length;
    if (markup !== undefined) open.at(-1).parts.push({ kind: "&", name: markup });
    else if (sign === "/") open.length > 1 && open.pop();
    else if (sign !== "!") {
      const part = { kind: sign, name, parts: [] };
      open.at(-1).parts.push(part);
      if (sign === "#" || sign === "^") open.push(part);
    }
  }
  root.parts.push(template.slice(position));
  return root.parts;
}

function write(parts, stack, escape, raw) {
  return parts.map((part) => (typeof part === "string" ? part : value(part, stack, escape, raw))).join("");
}

function value({ kind, name, parts }, stack, escape, raw) {
  const found = look(name, stack);
  if (kind === "#") {
    if (!truthy(found)) return "";
    const items = Array.isArray(found) ? found : [found];
    return items.map((item) => write(parts, [...stack, item], escape, raw)).join("");
  }
  if (kind === "^") return truthy(found) ? "" : write(parts, stack, escape, raw);
  return kind === "&" ? raw(written(found)) : escape(written(found));
}

// The innermost value that has the first part of a dotted name. Own values only: a task reaches no built-in.
function look(name, stack) {
  if (name === ".") return stack.at(-1);
  const [first, ...rest] = name.split(".");
  const own = (object, key) => (Object.hasOwn(Object(object), key) ? object[key] : undefined);
  const holder = [...stack].reverse().find((object) => Object.hasOwn(Object(object), first));
  return rest.reduce(own, own(holder, first));
}

const truthy = (found) => (Array.isArray(found) ? found.length > 0 : Boolean(found));

const written = (found) => (found === undefined || found === null ? "" : typeof found === "object" ? JSON.stringify(found) : String(found));
