// From the body of a message to elements. All text is untrusted: it enters as text, never as HTML.

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** The blocks of a card, as a list of elements. */
export function blocks(card, me) {
  return card.blocks.flatMap((block) => {
    const [[kind, value]] = Object.entries(block);
    switch (kind) {
      case "line":
        return [make("p", { class: "line" }, ...value.map((part) => inline(part, me)))];
      case "verbatim":
        return verbatim(value);
      case "code":
        return [code(value)];
      case "fields":
        return [fields(value)];
      case "context":
        return [make("p", { class: "context" }, ...withTimes(value))];
      default:
        return [];
    }
  });
}

function inline(part, me) {
  const [[kind, value]] = Object.entries(part);
  switch (kind) {
    case "bold":
      return make("strong", {}, value);
    case "code":
      return make("code", {}, value);
    case "person":
      return make("span", { class: "person", title: value.name }, value.account?.id === me ? "you" : value.name);
    default:
      return make("span", {}, ...withTimes(String(value)));
  }
}

const INSTANT = /(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z)/;

/** The server writes UTC; people read their own time. */
function withTimes(text) {
  return text.split(INSTANT).map((part) => {
    if (!INSTANT.test(part)) return part;
    return make("time", { datetime: part, title: part }, new Date(part).toLocaleString([], { dateStyle: "medium", timeStyle: "short" }));
  });
}

/** Characters that fit a narrow column: a path needs more. */
const WIDE = 24;

function fields(pairs) {
  const list = make("dl", { class: "fields" });
  for (const [label, value] of pairs) {
    list.append(make("div", { class: value.length > WIDE ? "wide" : null }, make("dt", {}, label), make("dd", {}, value)));
  }
  return list;
}

function code(text) {
  // Wide output scrolls in itself; a keyboard must reach it.
  return make("pre", { class: "code", tabindex: "0", "aria-label": "Output" }, text);
}

/** Somebody's own text as it is; only code fences are told apart. */
export function verbatim(text) {
  const parts = [];
  let lines = [];
  let fenced = false;
  const flush = () => {
    const joined = lines.join("\n");
    if (fenced) parts.push(code(joined));
    else if (joined.trim()) parts.push(make("p", { class: "verbatim" }, joined.replace(/^\n+|\n+$/g, "")));
    lines = [];
  };
  for (const line of text.split("\n")) {
    if (line.trimStart().startsWith("```")) {
      flush();
      fenced = !fenced;
    } else {
      lines.push(line);
    }
  }
  flush();
  return parts;
}

/** One line of it, for the live region and for quotes. */
export function summary(body) {
  if (body.kind === "said") return body.text.split("\n")[0];
  if (body.kind === "file") return `A file: ${body.name}`;
  if (body.kind !== "card") return "A message that this page cannot show";
  if (body.card.title) return body.card.title;
  const shown = make("div", {}, ...blocks(body.card, ""));
  return shown.textContent.slice(0, 200);
}

export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
