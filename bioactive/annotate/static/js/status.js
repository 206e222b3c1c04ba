// The parts around the task: progress, save state, the reason for a task, messages.

import { t } from "./i18n.js";

const element = (id) => document.getElementById(id);

export function showProject(project) {
  document.title = `${project.dataset} · bioactive`;
  element("dataset").textContent = project.dataset;
  const named = project.session_id.startsWith(`${project.dataset}-`);
  element("session").textContent = named ? project.session_id.slice(project.dataset.length + 1) : "";
}

// done, expected: of the dataset; mine: answers of this session; target: the annotator's own.
export function showProgress({ done, expected, progress, mine, target }) {
  element("count").textContent = expected === null ? t("done", { n: done }) : `${done} / ${expected}`;
  element("mine").textContent = target ? t("mine_of", { n: mine, of: target }) : t("mine", { n: mine });
  element("mine").classList.toggle("reached", target > 0 && mine >= target);
  const share = expected ? Math.min(1, done / expected) : progress;
  const bar = element("bar");
  bar.style.setProperty("--done", String(Math.round((share ?? 0) * 1000) / 10));
  if (share === null) bar.removeAttribute("aria-valuenow");
  else bar.setAttribute("aria-valuenow", String(Math.round(share * 100)));
}

export function showSave(unsent, trouble) {
  const save = element("save");
  save.classList.toggle("trouble", trouble !== "");
  if (trouble) save.textContent = t("kept", { trouble, n: unsent });
  else save.textContent = unsent ? t("to_save", { n: unsent }) : t("saved");
}

// A task's `meta`, and its score, as quiet pairs in the corner.
export function showMeta(task) {
  const meta = { ...(task?.meta ?? {}) };
  if (task?.score !== undefined && meta.score === undefined) meta.score = task.score;
  const pairs = Object.entries(meta).map(([key, value]) => {
    const pair = document.createElement("div");
    const name = document.createElement("dt"), content = document.createElement("dd");
    name.textContent = key;
    content.textContent = written(value);
    pair.append(name, content);
    return pair;
  });
  element("meta").replaceChildren(...pairs);
}

// What the tasks are ordered by, where a pipeline learns beside: quiet, unless it has stopped.
export function showLearning(learning) {
  const line = element("learning");
  line.hidden = !learning;
  if (!learning) return;
  const { revision, answers, doing } = learning;
  const order = revision ? t("ranked_by", { revision, n: answers }) : t("ranked_first");
  const now = { training: t("training"), ranking: t("ranking"), stopped: t("learning_stopped") }[doing];
  line.textContent = now ? `${order} · ${now}` : order;
  line.classList.toggle("trouble", doing === "stopped");
}

function written(value) {
  if (typeof value === "number" && !Number.isInteger(value)) return String(Number(value.toPrecision(3)));
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

export function showMessage(text, trouble = false) {
  const message = element("message");
  message.hidden = !text;
  message.textContent = text;
  message.classList.toggle("trouble", trouble);
  message.setAttribute("role", trouble ? "alert" : "status");
}

export const say = (text) => { element("live").textContent = text; };
