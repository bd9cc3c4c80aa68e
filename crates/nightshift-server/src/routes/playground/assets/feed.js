// The stream of messages, resumed after the last one that was seen: no gaps, no doubles.

const FIRST_WAIT = 500;
const LONGEST_WAIT = 8000;

export class Feed {
  #source = null;
  #timer = 0;
  #wait = FIRST_WAIT;
  #last = 0;
  #on;

  /** `on`: message(object), live(), lost(), renew() → may the feed be opened again? */
  constructor(on) {
    this.#on = on;
  }

  open() {
    this.close();
    const source = new EventSource(`/playground/events?after=${this.#last}`);
    this.#source = source;
    source.onmessage = (event) => {
      this.#last = Number(event.lastEventId) || this.#last;
      this.#on.message(JSON.parse(event.data));
    };
    source.addEventListener("live", () => {
      this.#wait = FIRST_WAIT;
      this.#on.live();
    });
    source.onerror = () => this.#again();
  }

  close() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  #again() {
    this.close();
    this.#on.lost();
    this.#timer = setTimeout(async () => {
      // The server may be another one by now, or the session over.
      const verdict = await this.#on.renew();
      if (verdict === "open") this.open();
      if (verdict === "later") this.#again();
    }, this.#wait);
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT);
  }
}
