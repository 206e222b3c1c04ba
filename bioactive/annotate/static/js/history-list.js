// The list of earlier answers, in a dialog; a click goes back to one.

import { t } from "./i18n.js";

const SIGNS = { accept: "✓", reject: "✕", ignore: "–" };
const dialog = document.getElementById("history");
const list = document.getElementById("history-list");

export async function openHistory(desk, onChoose) {
  if (dialog.open) return dialog.close();
  list.replaceChildren();
  dialog.showModal();
  try {
    await desk.loadHistory();
  } catch {
    // What this page knows is shown all the same.
  }
  const rows = [...desk.history].reverse().map((item) => row(item, desk, onChoose));
  if (!rows.length) rows.push(empty());
  list.replaceChildren(...rows);
  list.querySelector("button")?.focus();
}

function row(item, desk, onChoose) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(part("sign", SIGNS[item.kind] ?? "?"), part("excerpt", item.task.text ?? item.task.label ?? ""));
  const unsent = desk.outbox.answers.some((answer) => answer._answer_id === item.answerId);
  const notes = [item.flagged ? "⚑" : "", summary(item), unsent ? t("unsent") : time(item.at)];
  button.append(part("note", notes.filter(Boolean).join(" · ")));
  button.setAttribute("aria-label", `${t({ accept: "accepted", reject: "rejected" }[item.kind] ?? "ignored")}: ${(item.task.text ?? "").slice(0, 120)}`);
  button.addEventListener("click", () => { dialog.close(); onChoose(item); });
  const entry = document.createElement("li");
  entry.className = item.kind;
  entry.append(button);
  return entry;
}

function summary({ draft }) {
  if (draft?.relations) return t("arcs", { n: draft.relations.length });
  if (draft?.spans) return t("spans", { n: draft.spans.length });
  return (draft?.accept ?? []).join(", ");
}

const time = (at) => (at ? new Date(at * 1000).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" }) : "");

function part(name, text) {
  const element = document.createElement("span");
  element.className = name;
  element.textContent = text;
  return element;
}

function empty() {
  const entry = document.createElement("li");
  entry.textContent = t("empty_history");
  return entry;
}
