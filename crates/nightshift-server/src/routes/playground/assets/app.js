// The page: who sits here, what is said, what is shown.

import { summary } from "./card.js";
import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { Feed } from "./feed.js";
import * as output from "./output.js";
import { CallError, call, freshId, login, session } from "./server.js";

const at = (id) => document.getElementById(id);
const scroller = at("scroll");
/** A hidden page gives its connection back; it misses nothing, for it reads on where it was. */
const HIDDEN_FOR = 30000;

let following = true;
let me = "";
let live = false;
let activeThread = null;
/** The thread where Revise was pressed and its question is awaited. */
let asked = null;

const conversation = new Conversation(at("messages"), { press, reply, again: send });
const composer = new Composer((text, thread) => say(text, thread));
const feed = new Feed({ message: show, live: caughtUp, lost: reconnecting, renew });

function connection(state, words) {
  at("connection").dataset.state = state;
  at("connection").textContent = words;
}

function problem(words) {
  at("problem").textContent = words;
}

// What is shown

function isAtEnd() {
  return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;
}

function show(message) {
  const stuck = isAtEnd();
  const put = conversation.put(message);
  const theirs = message.author !== me;
  at("empty").hidden = true;
  if (stuck) scroller.scrollTop = scroller.scrollHeight;
  if (!live) return;
  if (theirs && put.changed) at("announce").textContent = `${message.author ?? "NightShift"}: ${summary(message.body)}`;
  if (!put.isNew) return;
  if (message.author === null && message.thread === asked) {
    asked = null;
    // A refusal is private; the question is not, and the next words in its thread answer it.
    if (!message.private) reply(message.thread);
  }
  if (!theirs || (message.thread ?? message.id) === activeThread) {
    put.element.scrollIntoView({ block: "nearest" });
  } else if (!stuck) {
    at("newest").hidden = false;
  }
}

function caughtUp() {
  if (!live) scroller.scrollTop = scroller.scrollHeight;
  live = true;
  problem("");
  connection("live", "connected");
  at("empty").hidden = !conversation.isEmpty;
}

function reconnecting() {
  connection("lost", "reconnecting…");
}

/** Before the feed is opened again: is it still the same server, and the same person? */
async function renew() {
  try {
    const found = await session();
    if (found.login) {
      askForKey();
      return "never";
    }
    if (found.person !== me) {
      location.reload();
      return "never";
    }
    return "open";
  } catch {
    return "later";
  }
}

// What is said

function say(text, thread) {
  const id = freshId("m-");
  const shown = text.replace(/^\/nightshift(\s+|$)/i, "");
  const message = { id: `${me}:${id}`, thread, author: me, private: false, at: new Date().toISOString(), body: { kind: "said", text: shown }, call: { kind: "say", id, text } };
  if (thread) message.call.thread = thread;
  activeThread = thread ?? message.id;
  send(message);
}

async function send(message) {
  problem("");
  show({ ...message, state: "sending" });
  try {
    await call("messages", message.call);
    conversation.mark(message.id, undefined);
  } catch (error) {
    conversation.mark(message.id, "failed");
    explain(error);
  }
}

function reply(thread) {
  activeThread = thread;
  composer.reply(thread, conversation.topic(thread));
  composer.focus();
}

async function press(message, { label, action }) {
  problem("");
  const thread = message.thread ?? message.id;
  activeThread = thread;
  asked = label.includes("Revise") ? thread : null;
  const click = { kind: "press", id: freshId("c-"), action, message: message.id, thread };
  try {
    await call("clicks", click);
  } catch (error) {
    explain(error);
  }
}

function explain(error) {
  problem(error.message);
  if (error instanceof CallError && ["unauthenticated", "forbidden"].includes(error.code)) reconnect();
}

async function reconnect() {
  if ((await renew()) === "open") feed.open();
}

// Who sits here

function askForKey() {
  feed.close();
  composer.show(false);
  at("empty").hidden = true;
  at("login").hidden = false;
  connection("idle", "signed out");
  at("key").focus();
}

function enter(found) {
  me = found.person;
  conversation.me = me;
  at("person").textContent = found.guest ? "" : me;
  at("sign-out").hidden = found.guest;
  at("login").hidden = true;
  composer.show(true);
  feed.open();
  if (matchMedia("(hover: hover)").matches) composer.focus();
}

async function begin() {
  try {
    const found = await session();
    if (found.login) askForKey();
    else enter(found);
  } catch (error) {
    connection("lost", error.code === "offline" ? "reconnecting…" : error.message);
    setTimeout(begin, 2000);
  }
}

at("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  at("login-problem").textContent = "";
  try {
    const found = await login(at("key").value);
    at("key").value = "";
    enter(found);
  } catch (error) {
    at("login-problem").textContent = error.code === "unauthenticated" ? "This key is not known here." : error.message;
  }
});

at("sign-out").addEventListener("click", async () => {
  await call("logout", {}).catch(() => {});
  location.reload();
});

for (const example of document.querySelectorAll(".example")) {
  example.addEventListener("click", () => {
    say(example.dataset.text, null);
    composer.focus();
  });
}

at("newest").addEventListener("click", () => {
  scroller.scrollTop = scroller.scrollHeight;
});

scroller.addEventListener("scroll", () => {
  following = isAtEnd();
  if (following) at("newest").hidden = true;
});

// Who is at the end stays there while output grows or the box takes room.
const growth = new ResizeObserver(() => {
  if (following) scroller.scrollTop = scroller.scrollHeight;
});
growth.observe(at("messages"));
growth.observe(scroller);

let hiddenTimer = 0;
document.addEventListener("visibilitychange", () => {
  clearTimeout(hiddenTimer);
  if (document.hidden) {
    output.pause();
    hiddenTimer = setTimeout(() => {
      feed.close();
      connection("idle", "asleep");
    }, HIDDEN_FOR);
    return;
  }
  output.resume();
  if (me && at("connection").dataset.state === "idle" && at("login").hidden) feed.open();
});

begin();
