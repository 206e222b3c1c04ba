// The page: which task is shown, what was answered, and which key does what.

import { getProject, getQuestions, validateAnswer } from "./api.js";
import { Outbox } from "./outbox.js";
import { say, showMessage, showMeta, showProgress, showProject, showSave } from "./status.js";
import "./label-bar.js";
import "./ner-manual.js";

const LOW = 5; // tasks left in the queue when more are asked for
const REMEMBERED = 12 * 3600 * 1000; // ms that the name of an unnamed session is kept
const SAID = { accept: "Accepted", reject: "Rejected", ignore: "Ignored" };
const POLL = 10000; // ms between questions when there are no tasks

const view = document.getElementById("view");
const bar = document.getElementById("labels");
const buttons = Object.fromEntries([...document.querySelectorAll("[data-action]")].map((b) => [b.dataset.action, b]));

const state = {
  project: null,
  outbox: null,
  queue: [], // items { task, spans, shown } to come
  item: null, // the one on the page
  history: [], // items answered, with answerId, newest last
  done: 0,
  expected: null,
  progress: null,
  asking: false,
  busy: false,
};

async function start() {
  const session = new URLSearchParams(location.search).get("session");
  const project = await getProject(session);
  if (!session) project.session_id = unnamedSession(project);
  state.project = project;
  state.outbox = new Outbox(project.dataset, { onChange, onReceipt, onRefused });
  showProject(project);
  view.colour = (label) => bar.colour(label);
  bar.labels = project.config.labels;
  view.label = bar.label ?? "";
  await state.outbox.flush();
  await refill();
  showNext();
}

// The unnamed session is called after the server's start. After a restart this browser goes on under the name it had,
// so that the tasks which are out at it come back to it.
function unnamedSession(project) {
  const place = `bioactive/session/${project.dataset}`;
  const [name, used] = (localStorage.getItem(place) ?? "").split("|");
  const kept = name && Date.now() - Number(used) < REMEMBERED ? name : project.session_id;
  localStorage.setItem(place, `${kept}|${Date.now()}`);
  return kept;
}

function onChange() {
  showSave(state.outbox.size, state.outbox.trouble);
  updateProgress();
}

function onReceipt(receipt) {
  state.done = receipt.total;
  state.expected = receipt.expected;
  state.progress = receipt.progress;
}

function onRefused(answer, message) {
  state.history = state.history.filter((item) => item.answerId !== answer._answer_id);
  if (state.item) state.queue.unshift(state.item);
  show({ task: answer, spans: answer.spans ?? [] });
  showMessage(`Not stored: ${message}`, true);
}

function updateProgress() {
  showProgress(state.done + (state.outbox?.size ?? 0), state.expected, state.progress);
}

// --- tasks

async function refill() {
  if (state.asking) return;
  state.asking = true;
  const held = [state.item, ...state.queue].filter(Boolean).map((item) => item.task._task_hash);
  try {
    const answer = await getQuestions(state.project.session_id, [...held, ...state.outbox.hashes]);
    onReceipt(answer);
    const known = new Set([...held, ...state.outbox.hashes, ...state.history.map((item) => item.task._task_hash)]);
    for (const task of answer.tasks) {
      if (!known.has(task._task_hash)) state.queue.push({ task, spans: task.spans ?? [] });
    }
    if (!state.item && !state.queue.length) showEmpty(answer);
  } catch (problem) {
    if (!state.item) showMessage(`The server does not answer (${problem.message}). Trying again.`, true);
  } finally {
    state.asking = false;
    updateProgress();
  }
}

function showEmpty(answer) {
  const lines = ["No more tasks. Everything is saved."];
  if (answer.out) lines.push(`${answer.out} ${answer.out === 1 ? "task is" : "tasks are"} with another session.`);
  for (const [reason, times] of Object.entries(answer.left_out)) lines.push(`${times} ${reason}.`);
  showMessage(lines.join("\n"));
}

function show(item) {
  state.item = item;
  item.shown ??= Date.now() / 1000;
  view.show(item.task, item.spans);
  showMeta(item.task);
  showMessage("");
  updateButtons();
  view.text.focus({ preventScroll: true });
}

function showNext() {
  const item = state.queue.shift();
  if (item) {
    show(item);
  } else {
    state.item = null;
    view.clear();
    showMeta(null);
    updateButtons();
    // The last answers first, so that the server knows what is left.
    setTimeout(waitForTasks, 0);
  }
  if (item && state.queue.length < LOW) refill();
}

async function waitForTasks() {
  await state.outbox.flush();
  await refill();
  if (state.item) return;
  if (state.queue.length) showNext();
  else setTimeout(() => { if (!state.item) waitForTasks(); }, POLL);
}

// --- answers

async function answer(kind) {
  const item = state.item;
  if (!item || state.busy) return;
  item.spans = view.spans;
  const now = Date.now() / 1000;
  const content = {
    ...item.task, spans: item.spans, answer: kind, _session_id: state.project.session_id,
    _timestamp: Math.floor(now), _answer_id: crypto.randomUUID?.() ?? `${now}-${Math.random()}`, _shown: item.shown,
    _answered: now,
  };
  if (state.project.validates && !(await isValid(content))) return;
  item.answerId = content._answer_id;
  state.history.push(item);
  state.history.splice(0, state.history.length - Math.max(1, state.project.config.history_size));
  state.item = null;
  state.outbox.add(content);
  say(SAID[kind]);
  showNext();
}

async function isValid(content) {
  state.busy = true;
  try {
    const { message } = await validateAnswer(content);
    if (message !== null) showMessage(message, true);
    return message === null;
  } catch {
    return true; // the server checks again when it gets the answer
  } finally {
    state.busy = false;
  }
}

function undo() {
  const item = state.history.pop();
  if (!item) return;
  // An answer that is on its way, or there, stays; the next answer to the task takes its place.
  if (!state.outbox.takeBack(item.answerId) && state.done > 0) state.done -= 1;
  if (state.item) {
    state.item.spans = view.spans;
    state.queue.unshift(state.item);
  }
  item.shown = undefined;
  show(item);
  updateProgress();
  say("Back to the task before");
}

function updateButtons() {
  for (const kind of ["accept", "reject", "ignore"]) buttons[kind].disabled = !state.item;
  buttons.undo.disabled = !state.history.length;
}

// --- keys

function chooseLabel(label) {
  if (!label || view.relabelSelected(label)) return;
  bar.choose(label);
  view.label = label;
  if (view.range) view.markPicked(label);
  else say(`Label ${label}`);
}

const ACTIONS = { accept: () => answer("accept"), reject: () => answer("reject"), ignore: () => answer("ignore"), undo };
const LETTERS = { KeyA: "accept", KeyX: "reject", Space: "ignore" }; // by place, so that a Russian layout works too

function onKey(event) {
  if (!state.project || event.altKey || event.isComposing || event.target.closest("input, textarea, select, summary")) return;
  if (handled(event)) event.preventDefault();
}

function handled(event) {
  if (event.ctrlKey || event.metaKey) {
    if (event.code === "KeyS") return state.outbox.flush(), true;
    if (event.code === "KeyZ") return view.undoEdit(), true;
    return state.item !== null && event.key.startsWith("Arrow") && view.key(event);
  }
  const onButton = event.target.closest("button") !== null;
  if (onButton && (event.key === "Enter" || event.key === " ")) return false;
  if (state.item && view.key(event)) return true;
  const digit = /^Digit(\d)$|^Numpad(\d)$/.exec(event.code);
  if (digit && !event.shiftKey) return chooseLabel(bar.names[(Number(digit[1] ?? digit[2]) + 9) % 10]), true;
  if (event.repeat) return event.code === "Space"; // a key held down is one answer
  if (event.key === "Backspace" || event.key === "Delete") return undo(), true;
  const action = LETTERS[event.code];
  return action !== undefined && !event.shiftKey && (ACTIONS[action](), true);
}

document.addEventListener("keydown", onKey);
bar.addEventListener("choose", (event) => chooseLabel(event.detail));
view.addEventListener("say", (event) => say(event.detail));
view.addEventListener("edit", () => showMessage(""));
for (const [action, button] of Object.entries(buttons)) {
  button.addEventListener("pointerdown", (event) => event.preventDefault()); // the text keeps the focus
  button.addEventListener("click", () => ACTIONS[action]());
}
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") state.outbox?.flush(true);
});
window.addEventListener("online", () => state.outbox?.flush());
updateButtons();

async function begin() {
  try {
    await start();
  } catch (problem) {
    showMessage(`The page could not start: ${problem.message}. Trying again.`, true);
    setTimeout(begin, 2000);
  }
}

begin();
