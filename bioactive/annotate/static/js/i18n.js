// The words of the interface, in English and Russian. `t("key", {n})` gives a text in the language chosen.

const EN = {
  tools: "Tools", progress: "Progress", task: "Task", why: "Why this task", answer: "Answer", close: "Close",
  instructions: "Instructions", history: "History", settings: "Settings", keys: "Keys", flag: "Flag",
  accept: "Accept", reject: "Reject", ignore: "Ignore", undo: "Undo", nothing: "Nothing here", space: "Space",
  accepted: "Accepted", rejected: "Rejected", ignored: "Ignored", flagged: "Flagged", unflagged: "Flag removed",
  language: "Language", theme: "Colours", theme_auto: "As the system", theme_light: "Light", theme_dark: "Dark",
  size: "Text size", target: "My target (answers)",
  done: "{n} done", mine: "you {n}", mine_of: "you {n} / {of}", saved: "saved", to_save: "{n} to save",
  kept: "{trouble} – {n} kept here, trying again", offline: "no connection",
  no_more: "No more tasks. Everything is saved.", out: "With other sessions: {n}.",
  again: "Ask about the {n} passed over",
  no_answer: "The server does not answer ({reason}). Trying again.",
  opening: "The first task is being prepared…",
  no_start: "The page could not start: {reason}. Trying again.", refused: "Not stored: {reason}",
  back: "Back to the task before", label_is: "Label {label}", labels: "Label", find: "Find a label", no_label: "No such label",
  text_help: "Text: arrow keys move, Shift selects, Enter marks", confidence: "confidence", remove: "Delete",
  deleted: "{words}: deleted", marked: "{words}: {label}", relabelled: "Relabelled: {label}", resized: "Now: {words}",
  edit_undone: "Edit undone", chars: "Characters", words: "Words", empty_history: "Nothing answered yet.",
  spans: "spans: {n}", unsent: "not sent yet", options: "Options", unknown_view: "This page does not know the view “{view}”.",
  question: "Is this a {label}?", version_by: "by {who}", use_version: "Use this one", versions: "What was answered",
  overlapping: "Spans left out because they overlap others: {n}.", agreed: "all agree", write: "Your answer",
  arcs: "relations: {n}", relations: "Relations", mark_spans: "Mark spans", wrap: "Wrap lines", head_is: "{words}: now the child",
  linked: "{head} → {child}: {label}", link_help: "Text: arrow keys move, Enter takes the head, then the child",
  ranked_by: "ranked by revision {revision}, {n} answers", ranked_first: "ranked by the pipeline as it came",
  training: "learning", ranking: "ranking", learning_stopped: "learning has stopped (the server's log says why)",
};

const RU = {
  tools: "Инструменты", progress: "Готово", task: "Задание", why: "Почему это задание", answer: "Ответ", close: "Закрыть",
  instructions: "Инструкция", history: "История", settings: "Настройки", keys: "Клавиши", flag: "Пометить",
  accept: "Принять", reject: "Отклонить", ignore: "Пропустить", undo: "Назад", nothing: "Ничего нет", space: "Пробел",
  accepted: "Принято", rejected: "Отклонено", ignored: "Пропущено", flagged: "Помечено", unflagged: "Пометка снята",
  language: "Язык", theme: "Цвета", theme_auto: "Как в системе", theme_light: "Светлые", theme_dark: "Тёмные",
  size: "Размер текста", target: "Моя цель (ответов)",
  done: "готово: {n}", mine: "вы: {n}", mine_of: "вы: {n} / {of}", saved: "сохранено", to_save: "не сохранено: {n}",
  kept: "{trouble} – ответов хранится здесь: {n}, пробуем снова", offline: "нет связи",
  no_more: "Заданий больше нет. Всё сохранено.", out: "У других участников: {n}.",
  again: "Задать пропущенные сортировкой: {n}",
  no_answer: "Сервер не отвечает ({reason}). Пробуем снова.",
  opening: "Первое задание готовится…",
  no_start: "Страница не открылась: {reason}. Пробуем снова.", refused: "Не сохранено: {reason}",
  back: "Предыдущее задание", label_is: "Метка {label}", labels: "Метка", find: "Найти метку", no_label: "Такой метки нет",
  text_help: "Текст: стрелки двигают, Shift выделяет, Enter отмечает", confidence: "уверенность", remove: "Удалить",
  deleted: "{words}: удалено", marked: "{words}: {label}", relabelled: "Новая метка: {label}", resized: "Теперь: {words}",
  edit_undone: "Правка отменена", chars: "По буквам", words: "По словам", empty_history: "Ответов пока нет.",
  spans: "отметок: {n}", unsent: "ещё не отправлено", options: "Варианты", unknown_view: "Страница не знает вид «{view}».",
  question: "Это {label}?", version_by: "ответ: {who}", use_version: "Взять этот", versions: "Что ответили",
  overlapping: "Не показано из-за пересечений: {n}.", agreed: "все согласны", write: "Ваш ответ",
  arcs: "связей: {n}", relations: "Связи", mark_spans: "Отмечать слова", wrap: "Переносить строки", head_is: "{words}: теперь зависимое",
  linked: "{head} → {child}: {label}", link_help: "Текст: стрелки двигают, Enter берёт главное слово, затем зависимое",
  ranked_by: "порядок: ревизия {revision}, ответов: {n}", ranked_first: "порядок: исходная модель",
  training: "обучается", ranking: "пересчёт", learning_stopped: "обучение остановилось (причина в журнале сервера)",
};

const KEYS_EN = [
  "1–9 choose a label, or relabel the selected span; / finds one by name",
  "drag over words, or double-click one, to mark; drag a span's edge to move it; click a span to select it",
  "Delete, or a click on the name under a span, deletes it; E goes to the next span, Shift+E to the one before",
  "← → move, with Shift select, Enter marks; [ and ] widen the selected span, with Shift they narrow it",
  "A accept, X reject, Space ignore, N nothing here, Backspace back, F flag, H history",
  "Ctrl+Z undo an edit, Ctrl+S save",
  "relations: click the head, then its child, or drag, or Enter on both; E goes to the next arc, a digit relabels it, Delete deletes it; R marks spans, W wraps lines",
];

const KEYS_RU = [
  "1–9 выбирают метку или меняют её у выделенной отметки; / ищет метку по имени",
  "проведите по словам или щёлкните слово дважды, чтобы отметить; край отметки можно перетащить; щелчок выделяет её",
  "Delete или щелчок по имени под отметкой удаляет её; E – к следующей отметке, Shift+E – к предыдущей",
  "← → двигают, с Shift выделяют, Enter отмечает; [ и ] расширяют выделенную отметку, с Shift сужают",
  "A принять, X отклонить, Пробел пропустить, N ничего нет, Backspace назад, F пометить, H история (по месту клавиши)",
  "Ctrl+Z отменить правку, Ctrl+S сохранить",
  "связи: щёлкните главное слово, затем зависимое, или проведите, или Enter на обоих; E – к следующей дуге, цифра меняет метку, Delete удаляет; R – отмечать слова, W – переносить строки",
];

const WORDS = { en: EN, ru: RU };
const KEYS = { en: KEYS_EN, ru: KEYS_RU };
let language = "en";

export function t(key, values = {}) {
  const text = WORDS[language][key] ?? EN[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

export const currentLanguage = () => language;

// Set the language and write all words of the page's own markup.
export function setLanguage(name) {
  language = WORDS[name] ? name : "en";
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll("[data-t-label]")) element.setAttribute("aria-label", t(element.dataset.tLabel));
  document.getElementById("keys").replaceChildren(...KEYS[language].map((line) => {
    const item = document.createElement("li");
    item.textContent = line;
    return item;
  }));
}
