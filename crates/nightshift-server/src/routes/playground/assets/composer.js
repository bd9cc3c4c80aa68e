// The box at the bottom: a new message, or a reply in a thread.

const TALLEST = 200;

export class Composer {
  #form = document.querySelector("#composer");
  #text = document.querySelector("#text");
  #replying = document.querySelector("#replying");
  #topic = document.querySelector("#replying-to");
  #thread = null;

  /** `send(text, thread)` is called with a text that is not empty. */
  constructor(send) {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.#text.value.trim();
      if (!text) return;
      send(text, this.#thread);
      this.#text.value = "";
      this.#grow();
      this.reply(null, "");
      this.#text.focus();
    });
    this.#text.addEventListener("keydown", (event) => {
      // While an input method is composing, Enter chooses a character.
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.#form.requestSubmit();
      }
      if (event.key === "Escape" && this.#thread) this.reply(null, "");
    });
    this.#text.addEventListener("input", () => this.#grow());
    document.querySelector("#reply-cancel").addEventListener("click", () => {
      this.reply(null, "");
      this.#text.focus();
    });
  }

  show(visible) {
    this.#form.hidden = !visible;
  }

  focus() {
    this.#text.focus();
  }

  /** What is sent next goes into this thread; `null` opens a new one. */
  reply(thread, topic) {
    this.#thread = thread;
    this.#topic.textContent = topic;
    this.#replying.hidden = thread === null;
    this.#text.placeholder = thread === null ? "/nightshift run disk" : "Your reply";
  }

  #grow() {
    this.#text.style.height = "auto";
    this.#text.style.height = `${Math.min(this.#text.scrollHeight, TALLEST)}px`;
  }
}
