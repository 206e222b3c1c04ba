// The page: it opens the project, shows one task after the other, and says which key does what.

import { getProject, keepAlive, secondPass } from "./api.js";
import { Desk } from "./desk.js";
import { openHistory } from "./history-list.js";
import { actionOf, applyButtons, applyTheme, loadContent, openInterface, tell } from "./recipe-page.js";
import { t } from "./i18n.js";
import "./label-bar.js";
import { Outbox } from "./outbox.js";
import { safeNodes } from "./safe-html.js";
import { applySettings, bindSettings } from "./settings.js";
import { say, showLearning, showMessage, showMeta, showProgress, showProject, showSave } from "./status.js";
import "./views/simple.js";
import "./views/choice.js";
import "./views/text-input.js";
import "./views/ner-manual.js";
import "./views/spans-manual.js";
import "./views/relations-manual.js";
import "./views/blocks.js";
import "./views/review.js";
import { makeView } from "./views/registry.js";

const REMEMBERED = 12 * 3600 * 1000; // ms that the name of an unnamed session is kept
const POLL = 10000; // ms between questions when there are no tasks
const SAID = { accept: "accepted", reject: "rejected", ignore: "ignored" };

const element = (id) => document.getElementById(id);
const bar = element("labels");
const buttons = Object.fromEntries([...document.querySelectorAll("[data-action]")].map((b) => [b.dataset.action, b]));
let project = null, outbox = null, desk = null, view = null, recipeLanguage = "", mounted = false, labelColours = new Map();

// --- opening

async function start() {
  const session = new URLSearchParams(location.search).get("session");
  // The page may be there before the pipeline is; one that need not wait says nothing.
  const waiting = setTimeout(() => showMessage(t("opening")), 300);
  try {
    await openPage(session);
  } finally {
    clearTimeout(waiting);
  }
  if (!desk.item) showNext();
  setInterval(stayAlive, Math.max(1000, Math.min(60, project.config.lease_seconds / 3) * 1000));
}

async function openPage(session) {
  const found = await getProject(session);
  if (!session) found.session_id = unnamedSession(found);
  recipeLanguage = found.config.ui_lang;
  applySettings(recipeLanguage);
  bindSettings(recipeLanguage, relabelPage);
  openProject(found);
  await loadContent(found);
  await outbox.flush();
  await Promise.all([desk.loadHistory(found.config.history_size).catch(() => {}), desk.refill()]);
}

function openProject(found) {
  const onRefused = (answer, message) => {
    desk.refused(answer);
    showMessage(t("refused", { reason: message }), true);
  };
  project = found;
  outbox = new Outbox(project.dataset, { onChange, onReceipt: (receipt) => desk?.count(receipt), onRefused });
  desk = new Desk(project, outbox, { show, onEmpty, onTrouble, onProgress: onChange, onAnswer });
  labelColours = applyTheme(project.config);
  applyButtons(buttons, project.config);
  openInterface({
    project, task: () => desk.item?.task, result: () => (desk.item ? view.result() : {}), reset: () => desk.reset(),
    refresh: (keys) => view.refresh(desk.item.task, { ...view.result(), ...desk.item.task }, keys),
  });
  showProject(project);
  openView();
  element("flag").hidden = !project.config.show_flag;
  element("open-instructions").hidden = !project.config.instructions;
}

function openView() {
  const { config } = project;
  view = makeView(project.view_id);
  view.id = "view";
  element("place").replaceWith(view);
  bar.custom = labelColours;
  bar.setLabels(labelsOf(config), config.keymap_by_label ?? {}, config.relations_span_labels);
  view.configure({ config, colour: (label) => bar.colour(label), label: () => bar.label ?? "" });
  bar.hidden = !(view.usesLabels && bar.names.length);
  bar.classList.toggle("prodigy-title", !bar.hidden);
  document.body.classList.toggle("legend", !bar.hidden && bar.many);
  view.addEventListener("say", (event) => say(event.detail));
  view.addEventListener("edit", () => {
    showMessage("");
    tell("update", { task: desk.item ? { ...desk.item.task, ...view.result() } : null });
  });
  view.addEventListener("labels", (event) => bar.replaceLabels(event.detail));
  view.addEventListener("spanselected", (event) => tell("spanselected", event.detail));
  view.addEventListener("answer", (event) => answer(event.detail));
}

// The labels to choose from: the recipe's, else those of the first block that has any.
function labelsOf({ labels, blocks }) {
  if (labels?.length) return labels;
  return (blocks ?? []).find((block) => block.labels?.length)?.labels ?? [];
}

// The unnamed session is called after the server's start. After a restart this browser goes on under the name it had,
// so that the tasks which are out at it come back to it.
function unnamedSession(found) {
  const place = `bioactive/session/${found.dataset}`;
  const [name, used] = (localStorage.getItem(place) ?? "").split("|");
  const kept = name && Date.now() - Number(used) < REMEMBERED ? name : found.session_id;
  localStorage.setItem(place, `${kept}|${Date.now()}`);
  return kept;
}

// --- showing

function show(item) {
  const shown = item ? item.task : null;
  if (shown) view.show(shown, item.draft ?? null);
  else view.clear();
  showMeta(shown);
  showMessage("");
  element("again").hidden = true;
  updateButtons();
  if (item) view.focusTask();
  if (shown) tell(mounted ? "update" : "mount", { task: shown });
  mounted ||= Boolean(shown);
  element("flag").setAttribute("aria-pressed", String(Boolean(item?.flagged)));
}

function showNext() {
  // The last answers first, so that the server knows what is left.
  if (!desk.next()) setTimeout(waitForTasks, 0);
}

async function waitForTasks() {
  await outbox.flush();
  await desk.refill();
  if (desk.item) return;
  if (desk.queue.length) showNext();
  else setTimeout(() => { if (!desk.item) waitForTasks(); }, POLL);
}

function onAnswer(kind, content) {
  tell("answer", { answer: kind, task: content });
}

function onEmpty(found) {
  tell("end");
  const lines = [t("no_more")];
  if (found.out) lines.push(t("out", { n: found.out }));
  for (const [reason, times] of Object.entries(found.left_out)) lines.push(`${times} ${reason}.`);
  showMessage(lines.join("\n"));
  element("again").hidden = !found.passed_over;
  element("again").textContent = t("again", { n: found.passed_over });
}

// What the recipe's sorters passed over is asked after all.
async function again() {
  element("again").hidden = true;
  try {
    await secondPass(desk.session);
    await desk.refill();
    if (!desk.item && desk.queue.length) showNext();
  } catch (problem) {
    onTrouble(problem.message);
  }
}

function onTrouble(reason) {
  showMessage(t("no_answer", { reason }), true);
}

function onChange() {
  if (!desk) return;
  showSave(outbox.size, outbox.trouble);
  showProgress(desk.progress);
  showLearning(desk.counts.learning);
}

function updateButtons() {
  for (const kind of ["accept", "reject", "ignore", "nothing"]) buttons[kind].disabled = !desk.item;
  buttons.undo.disabled = !desk.history.length;
  buttons.nothing.hidden = !view.asksNothing();
}

// After a change of the language.
function relabelPage() {
  const chosen = bar.label;
  bar.replaceLabels(bar.names);
  bar.choose(chosen);
  if (desk.item) {
    desk.item.draft = view.result();
    show(desk.item);
  }
  onChange();
}

async function stayAlive() {
  if (document.visibilityState === "hidden" || !desk.item) return;
  await keepAlive(desk.session).then((found) => { desk.count(found); onChange(); }).catch(() => {});
}

// --- answering

async function answer(kind) {
  if (!desk?.item) return;
  const message = await desk.answer(kind, view.result());
  if (message !== null) return showMessage(message, true);
  if (desk.item) return;
  say(t(SAID[kind]));
  if (project.config.instant_submit) outbox.flush();
  showNext();
}

function undo(item) {
  if (!desk.back(item, desk.item ? view.result() : null)) return;
  onChange();
  tell("undo", { task: desk.item.task });
  say(t("back"));
}

function nothing() {
  if (view.nothing()) answer("accept");
}

function flag() {
  if (!desk.item || element("flag").hidden) return;
  desk.item.flagged = !desk.item.flagged;
  element("flag").setAttribute("aria-pressed", String(desk.item.flagged));
  say(t(desk.item.flagged ? "flagged" : "unflagged"));
}

function chooseLabel(label) {
  if (!label || view.takeLabel(label)) return;
  bar.choose(label);
  say(t("label_is", { label }));
}

function showInstructions() {
  const text = project.config.instructions;
  const body = element("instructions-text");
  if (!text) return;
  body.classList.toggle("plain", !text.trimStart().startsWith("<"));
  body.replaceChildren(...(text.trimStart().startsWith("<") ? safeNodes(text) : [text]));
  element("instructions").showModal();
}

const showHistory = () => openHistory(desk, (item) => undo(item)).then(updateButtons);

// --- keys

const ACTIONS = {
  accept: () => answer("accept"), reject: () => answer("reject"), ignore: () => answer("ignore"), undo: () => undo(), nothing,
};
// By place, so that a Russian layout works too.
const LETTERS = {
  KeyA: ACTIONS.accept, KeyX: ACTIONS.reject, Space: ACTIONS.ignore, KeyN: nothing, KeyF: flag, KeyH: showHistory,
  Slash: () => bar.find(), KeyC: () => view.toggleCharacters?.(),
};
const USUAL = { KeyA: "accept", KeyX: "reject", Space: "ignore" };
const FIELDS = "input:not([type=radio], [type=checkbox]), textarea, select, summary, dialog";

function onKey(event) {
  if (!desk || event.altKey || event.isComposing || event.target.closest(FIELDS)) return;
  if (handled(event)) event.preventDefault();
}

// What the recipe's keymap says about a key: true when it was done, false when the key means nothing, else undefined.
function mapped(event) {
  const { keymap, buttons: wanted } = project.config;
  const action = keymap && actionOf(event, keymap);
  if (action === "save") return outbox.flush(), true;
  if (action) return ACTIONS[action] && !buttons[action]?.classList.contains("unwanted") ? (ACTIONS[action](), true) : undefined;
  const usual = event.key === "Backspace" || event.key === "Delete" ? "undo" : USUAL[event.code];
  if (usual && !event.ctrlKey && !event.metaKey && (keymap?.[usual] || (Array.isArray(wanted) && !wanted.includes(usual)))) return false;
  return undefined;
}

function handled(event) {
  const own = desk.item ? mapped(event) : undefined;
  if (own) return true;
  if (event.ctrlKey || event.metaKey) {
    if (event.code === "KeyS") return outbox.flush(), true;
    if (event.code === "KeyZ") return view.undoEdit(), true;
    return desk.item !== null && event.key.startsWith("Arrow") && view.key(event);
  }
  const onControl = event.target.closest("button, input, a") !== null;
  if (onControl && (event.key === "Enter" || event.key === " " || event.target.matches("input") && event.key.startsWith("Arrow"))) return false;
  if (desk.item && view.key(event)) return true;
  const label = bar.hidden ? undefined : bar.labelFor(event);
  if (label) return chooseLabel(label), true;
  if (own === false) return false;
  if (event.repeat) return event.code === "Space"; // a key held down is one answer
  if (event.key === "Backspace" || event.key === "Delete") return undo(), true;
  const action = LETTERS[event.code];
  return action !== undefined && !event.shiftKey && (action(), true);
}

document.addEventListener("keydown", onKey);
document.addEventListener("keydown", (event) => { if (event.key === "Tab") document.body.classList.add("tabbed"); });
document.addEventListener("pointerdown", () => document.body.classList.remove("tabbed"));
bar.addEventListener("choose", (event) => chooseLabel(event.detail));
bar.addEventListener("leave", () => view.focusTask());
for (const [action, button] of Object.entries(buttons)) {
  button.addEventListener("pointerdown", (event) => event.preventDefault()); // the text keeps the focus
  button.addEventListener("click", () => ACTIONS[action]());
}
element("flag").addEventListener("click", flag);
element("again").addEventListener("click", again);
element("open-history").addEventListener("click", () => desk && showHistory());
element("open-instructions").addEventListener("click", showInstructions);
element("open-settings").addEventListener("click", () => element("settings").showModal());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") outbox?.flush(true);
});
window.addEventListener("online", () => outbox?.flush());

async function begin() {
  applySettings(recipeLanguage);
  try {
    await start();
  } catch (problem) {
    showMessage(t("no_start", { reason: problem.message }), true);
    setTimeout(begin, 2000);
  }
}

begin();
