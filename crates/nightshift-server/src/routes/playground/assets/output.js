// The live output below a task's card.

import { make } from "./card.js";

/** Each open stream holds one of the few connections that a browser opens to one server. */
const MOST_OPEN = 2;
const LONGEST_SHOWN = 200000;
const KEPT = 150000;
const RETRY_AFTER = 2000;

const open = [];
const all = new Set();

/** Nobody looks: connections are given back, and taken again where they were. */
export function pause() {
  for (const output of [...open]) output.stop();
}

export function resume() {
  for (const output of all) if (output.element.open) output.start();
}

export class Output {
  #task;
  #source = null;
  #offset = 0;
  #ended = false;
  #text;
  #timer = 0;

  constructor(task) {
    this.#task = task;
    this.#text = make("pre", { class: "output", tabindex: "0", "aria-label": `Output of ${task}` });
    this.element = make("details", { class: "live" }, make("summary", {}, "Output"), this.#text);
    this.element.addEventListener("toggle", () => (this.element.open ? this.start() : this.stop()));
    all.add(this);
  }

  show() {
    this.element.open = true;
  }

  /** The task goes on after an end: a retry, or another attempt. */
  again() {
    this.#ended = false;
  }

  start() {
    if (this.#source || this.#ended) return;
    while (open.length >= MOST_OPEN) open[0].element.open ? open[0].fold() : open[0].stop();
    open.push(this);
    const source = new EventSource(`/playground/tasks/${this.#task}/logs/stream?offset=${this.#offset}`);
    this.#source = source;
    source.onmessage = (event) => this.#take(event);
    source.addEventListener("attempt", (event) => {
      this.#offset = 0;
      this.#append(`— attempt ${JSON.parse(event.data).number} —\n`);
    });
    source.addEventListener("end", () => {
      this.#ended = true;
      this.stop();
    });
    source.onerror = () => {
      this.stop();
      if (!this.#ended) this.#timer = setTimeout(() => this.element.open && this.start(), RETRY_AFTER);
    };
  }

  stop() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
    const at = open.indexOf(this);
    if (at >= 0) open.splice(at, 1);
  }

  fold() {
    this.element.open = false;
    this.stop();
  }

  /** Folds, unless somebody is reading in it. */
  settle() {
    if (this.#follows() && document.activeElement !== this.#text) this.fold();
  }

  #follows() {
    const box = this.#text;
    return box.scrollTop + box.clientHeight >= box.scrollHeight - 24;
  }

  #take(event) {
    this.#offset = Number(event.lastEventId) || this.#offset;
    this.#append(event.data);
  }

  #append(text) {
    const box = this.#text;
    const follows = this.#follows();
    box.append(text);
    if (box.textContent.length > LONGEST_SHOWN) {
      box.textContent = `… earlier output is left out: logs ${this.#task}\n${box.textContent.slice(-KEPT)}`;
    }
    if (follows) box.scrollTop = box.scrollHeight;
  }
}
