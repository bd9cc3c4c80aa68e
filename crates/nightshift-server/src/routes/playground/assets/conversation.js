// Messages and threads as elements. A message is known by its id: the same one again is an edit.

import { blocks, make, size, summary, verbatim } from "./card.js";
import { Output } from "./output.js";

const TASK_CARD = /^(✨ Task Created|✓ Approved|▶ Running|⏸ Paused|◼ Stopping|✅ Completed|❌ Failed|✕ Cancelled): (task_[a-z0-9]{8})$/u;
const RUNS = ["▶ Running", "⏸ Paused", "◼ Stopping"];
const ENDED = ["✅ Completed", "❌ Failed", "✕ Cancelled"];
/** A card follows a press at once; if not, the button comes back. */
const CARD_FOLLOWS = 700;

export class Conversation {
  me = "";
  #root;
  #on;
  #threads = new Map();
  #messages = new Map();

  /** `on`: press(message, button) → promise, reply(thread), again(message). */
  constructor(root, on) {
    this.#root = root;
    this.#on = on;
  }

  get isEmpty() {
    return this.#messages.size === 0;
  }

  /** Adds or replaces; says which, and the element. */
  put(message) {
    const known = this.#messages.get(message.id);
    if (known) {
      const before = summary(known.message.body);
      const moved = known.message.at !== message.at;
      known.message = message;
      this.#fill(known);
      if (moved) this.#place(known);
      return { element: known.element, isNew: false, changed: before !== summary(message.body) };
    }
    const entry = this.#entry(message);
    this.#messages.set(message.id, entry);
    this.#place(entry);
    return { element: entry.element, isNew: true, changed: true };
  }

  /** What became of a message that is being sent; one that the feed brought is sent. */
  mark(id, state) {
    const entry = this.#messages.get(id);
    if (entry?.message.state !== "sending") return;
    entry.message = { ...entry.message, state };
    this.#fill(entry);
  }

  /** What a reply answers to, in a few words. */
  topic(thread) {
    const root = this.#messages.get(thread);
    return root ? summary(root.message.body) : "an earlier message";
  }

  #entry(message) {
    const element = make("article", { class: "message", tabindex: "-1", "data-id": message.id });
    const entry = { message, element, head: make("header"), body: make("div", { class: "body" }), buttons: make("div", { class: "buttons" }), output: null, drawn: {} };
    element.append(entry.head, entry.body, entry.buttons);
    this.#fill(entry);
    return entry;
  }

  /** Draws only what differs, so that nobody loses their place. */
  #fill(entry) {
    const { message, element } = entry;
    const own = message.author !== null && message.author === this.me;
    element.dataset.from = own ? "me" : message.author === null ? "nightshift" : "other";
    element.dataset.state = message.state ?? "";
    element.classList.toggle("private", message.private === true);
    this.#draw(entry, "head", [message.author, message.at, message.private, message.state], () => this.#head(message, own));
    this.#draw(entry, "body", message.body, () => this.#body(message));
    const buttons = message.body.kind === "card" ? message.body.card.buttons : [];
    this.#buttons(entry, buttons);
    this.#output(entry);
  }

  #draw(entry, part, source, draw) {
    const now = JSON.stringify(source);
    if (entry.drawn[part] === now) return;
    entry.drawn[part] = now;
    entry[part].replaceChildren(...draw());
  }

  #head(message, own) {
    const who = message.author === null ? "NightShift" : own ? "You" : message.author;
    const at = new Date(message.at);
    const parts = [make("span", { class: "author" }, who), make("time", { datetime: message.at, title: at.toLocaleString() }, at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }))];
    if (message.private) parts.push(make("span", { class: "mark" }, "only you see this"));
    if (message.state === "sending") parts.push(make("span", { class: "mark" }, "sending…"));
    if (message.state === "failed") {
      const again = make("button", { type: "button", class: "link" }, "Not sent. Send again");
      again.addEventListener("click", () => this.#on.again(message));
      parts.push(again);
    }
    return parts;
  }

  #body({ id, body }) {
    switch (body.kind) {
      case "said":
        return verbatim(body.text || "/nightshift");
      case "card": {
        const title = body.card.title ? [make("h3", {}, body.card.title)] : [];
        return [...title, ...blocks(body.card, this.me)];
      }
      case "file": {
        const link = make("a", { class: "file", href: `/playground/files/${encodeURIComponent(id)}`, download: body.name }, make("span", {}, body.name), make("small", {}, size(body.bytes)));
        return body.comment ? [make("p", { class: "line" }, body.comment), link] : [link];
      }
      default:
        return [make("p", { class: "context" }, "This message is of a kind that this page does not know; reload it.")];
    }
  }

  #buttons(entry, wanted) {
    const held = entry.pressed ?? document.activeElement?.dataset?.action;
    const within = entry.buttons.contains(document.activeElement) || (entry.pressed && document.activeElement === document.body);
    const before = entry.drawn.buttons;
    this.#draw(entry, "buttons", wanted, () => wanted.map((button) => this.#button(entry, button)));
    if (before === entry.drawn.buttons) return;
    entry.pressed = null;
    if (!within) return;
    const same = [...entry.buttons.children].find((button) => button.dataset.action === held);
    (same ?? entry.element).focus({ preventScroll: true });
  }

  #button(entry, { label, action, style }) {
    const button = make("button", { type: "button", class: style, "data-action": action }, label);
    button.addEventListener("click", () => this.#press(entry, button, { label, action }));
    return button;
  }

  /** All rest while the press is on its way; the pressed one also until its card has followed. */
  async #press(entry, button, pressed) {
    const others = [...entry.buttons.children].filter((one) => one !== button);
    const held = document.activeElement === button;
    if (held) entry.pressed = pressed.action;
    for (const one of [button, ...others]) one.disabled = true;
    await this.#on.press(entry.message, pressed);
    for (const one of others) one.disabled = false;
    await new Promise((done) => setTimeout(done, CARD_FOLLOWS));
    button.disabled = false;
    if (held && button.isConnected && document.activeElement === document.body) button.focus({ preventScroll: true });
    entry.pressed = null;
  }

  #output(entry) {
    const title = entry.message.body.kind === "card" ? entry.message.body.card.title : null;
    const [, word, task] = TASK_CARD.exec(title ?? "") ?? [];
    if (!task) return;
    const runs = RUNS.includes(word);
    if (!entry.output && (runs || ENDED.includes(word))) {
      entry.output = new Output(task);
      entry.element.insertBefore(entry.output.element, entry.buttons);
    }
    if (runs && entry.word !== word) {
      entry.output.again();
      if (!RUNS.includes(entry.word)) entry.output.show();
    }
    // The answer comes in a message of its own.
    if (!runs && RUNS.includes(entry.word)) entry.output.settle();
    entry.word = word;
  }

  #place({ message, element }) {
    const id = message.thread ?? message.id;
    const thread = this.#threads.get(id) ?? this.#thread(id, message.at);
    if (message.thread) {
      inOrder(thread.replies, element, message.at);
    } else {
      thread.root.replaceChildren(element);
      thread.reply.hidden = message.author === null;
      inOrder(this.#root, thread.element, message.at);
    }
  }

  #thread(id, at) {
    const root = make("div", { class: "root" });
    const replies = make("div", { class: "replies" });
    const reply = make("button", { type: "button", class: "link reply" }, "Reply");
    reply.addEventListener("click", () => this.#on.reply(id));
    const element = make("section", { class: "thread", "aria-label": "Thread", "data-thread": id }, root, replies, reply);
    const thread = { element, root, replies, reply };
    this.#threads.set(id, thread);
    inOrder(this.#root, element, at);
    return thread;
  }
}

/** By time; the later one of two at the same time goes below. */
function inOrder(parent, element, at) {
  element.dataset.at = at;
  let after = parent.lastElementChild;
  while (after && (after === element || after.dataset.at > at)) after = after.previousElementSibling;
  const wanted = after ? after.nextElementSibling : parent.firstElementChild;
  if (wanted !== element) parent.insertBefore(element, wanted);
}
