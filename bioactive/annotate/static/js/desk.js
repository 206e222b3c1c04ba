// The desk: the task that is shown, those to come, and those answered. An item is { task, draft, shown, answerId, kind }.

import { getHistory, getQuestions, validateAnswer } from "./api.js";
import { settings } from "./settings.js";

const LOW = 5; // tasks left in the queue when more are asked for

export class Desk {
  // show(item | null), onEmpty(questions), onTrouble(message), onProgress(), onAnswer(kind, content).
  constructor(project, outbox, calls) {
    Object.assign(this, { project, outbox, ...calls });
    this.queue = [];
    this.item = null;
    this.history = []; // oldest first
    this.counts = { done: 0, expected: null, progress: null, mine: 0, learning: null };
    this.busy = false;
    this.asking = null;
  }

  get session() {
    return this.project.session_id;
  }

  get progress() {
    const unsent = this.outbox.size;
    const { done, mine } = this.counts;
    return { ...this.counts, done: done + unsent, mine: mine + unsent, target: settings.target };
  }

  count({ done, expected, progress, mine, learning }) {
    this.counts = { done, expected, progress, mine, learning };
  }

  // --- tasks

  get held() {
    return [this.item, ...this.queue].filter(Boolean).map((item) => item.task._task_hash);
  }

  refill() {
    this.asking ??= this.ask().finally(() => { this.asking = null; this.onProgress(); });
    return this.asking;
  }

  async ask() {
    try {
      const found = await getQuestions(this.session, [...this.held, ...this.outbox.hashes]);
      this.count(found);
      const known = new Set([...this.held, ...this.outbox.hashes, ...this.history.map((item) => item.task._task_hash)]);
      this.queue.push(...found.tasks.filter((task) => !known.has(task._task_hash)).map((task) => ({ task })));
      if (!this.item && !this.queue.length) this.onEmpty(found);
    } catch (problem) {
      if (!this.item) this.onTrouble(problem.message);
    }
  }

  open(item) {
    this.item = item;
    if (item) item.shown ??= Date.now() / 1000;
    this.show(item);
  }

  next() {
    const item = this.queue.shift() ?? null;
    this.open(item);
    if (item && this.queue.length < LOW) this.refill();
    return item;
  }

  // Let go of all tasks that are not answered, and ask for others: the recipe's stream is another now.
  async reset() {
    this.queue = [];
    if (this.item && !this.item.answerId) this.item = null;
    await this.refill();
    if (!this.item) this.next();
  }

  // --- answers

  // Make an answer of what the view says; it is in the browser's storage when this returns.
  async answer(kind, result) {
    const item = this.item;
    if (!item || this.busy) return null;
    const now = Date.now() / 1000;
    const content = {
      ...item.task, ...result, answer: kind, _session_id: this.session, _timestamp: Math.floor(now),
      _answer_id: crypto.randomUUID?.() ?? `${now}-${Math.random()}`, _shown: item.shown, _answered: now,
    };
    if (item.flagged) content.flagged = true;
    const message = this.project.validates ? await this.check(content) : null;
    if (message !== null) return message;
    this.onAnswer(kind, content); // the recipe's script may change what is stored
    const earlier = item.answerId;
    Object.assign(item, { draft: result, kind, answerId: content._answer_id, at: now });
    this.history = [...this.history.filter((other) => other.task._task_hash !== item.task._task_hash), item];
    this.item = null;
    this.outbox.add(content);
    if (earlier) this.outbox.replaced(earlier);
    return null;
  }

  async check(content) {
    this.busy = true;
    try {
      return (await validateAnswer(content)).message;
    } catch {
      return null; // the server checks again when it gets the answer
    } finally {
      this.busy = false;
    }
  }

  // Go back to an answered item; by default to the newest, or from an answered one to the one before it. An answer
  // stands until it is given anew.
  back(item, draft = null) {
    const earlier = this.item?.answerId ? this.history.filter((other) => other.at < this.item.at) : this.history;
    item ??= earlier.at(-1);
    if (!item || this.busy) return false;
    if (this.item) this.putBack(draft);
    this.history = this.history.filter((other) => other !== item);
    item.taken = this.outbox.hold(item.answerId);
    if (!item.taken && this.counts.done > 0) this.counts.done -= 1;
    if (!item.taken && this.counts.mine > 0) this.counts.mine -= 1;
    item.shown = undefined;
    this.open(item);
    return true;
  }

  // A new task waits at the front of the queue. One that was answered before goes back to the answered ones.
  putBack(draft) {
    const item = this.item;
    if (!item.answerId) {
      item.draft = draft;
      this.queue.unshift(item);
      return;
    }
    this.outbox.release(item.answerId);
    if (!item.taken) Object.assign(this.counts, { done: this.counts.done + 1, mine: this.counts.mine + 1 });
    this.history.push(item);
    this.history.sort((a, b) => a.at - b.at);
  }

  // What was answered before this page was opened: kept by the server, or in the storage still.
  async loadHistory(limit) {
    const { answers } = await getHistory(this.session, limit);
    const unsent = this.outbox.answers.filter((answer) => answer._session_id === this.session).reverse();
    const items = new Map([...this.history, this.item].filter(Boolean).map((item) => [item.task._task_hash, item]));
    for (const answer of [...unsent, ...answers]) {
      if (!items.has(answer._task_hash)) items.set(answer._task_hash, asItem(answer));
    }
    this.history = [...items.values()].filter((item) => item !== this.item && item.kind).sort((a, b) => a.at - b.at);
  }

  refused(answer) {
    this.history = this.history.filter((item) => item.answerId !== answer._answer_id);
    if (this.item) this.putBack(null);
    this.open({ ...asItem(answer), answerId: undefined });
  }
}

function asItem(answer) {
  const { answer: kind, _answer_id: answerId, _answered, _shown, _received, flagged, ...task } = answer;
  const at = _answered ?? _received ?? task._timestamp ?? 0;
  return { task, draft: task, kind, answerId, at, flagged };
}
