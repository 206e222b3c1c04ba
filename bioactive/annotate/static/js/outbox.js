// Answers on their way to the server. Each is in the browser's storage, under a key of its own, before anything is
// sent, and leaves it when the server says that it is on disk. A replay carries the same _answer_id, so it counts once.

import { giveAnswers } from "./api.js";
import { t } from "./i18n.js";

const DELAY = 1500; // ms without a new answer before a batch is sent
const RETRY = [1000, 2000, 5000, 10000, 30000];
const BATCH = 20;

export class Outbox {
  // onChange(): the number of unsent answers or the trouble changed. onReceipt(receipt). onRefused(answer, message).
  constructor(dataset, { onChange, onReceipt, onRefused }) {
    this.prefix = `bioactive/answer/${dataset}/`;
    Object.assign(this, { onChange, onReceipt, onRefused });
    this.entries = new Map(); // storage key -> answer, oldest first
    this.held = new Set(); // storage keys of answers that are being changed: not sent while the page is open
    this.sending = null;
    this.underway = [];
    this.trouble = "";
    this.failures = 0;
    this.timer = 0;
    this.count = 0;
    this.load();
  }

  // Answers to send; those that are held do not count.
  get size() {
    return this.entries.size - this.held.size;
  }

  get answers() {
    return [...this.entries.values()];
  }

  get hashes() {
    return this.answers.map((answer) => answer._task_hash);
  }

  get waiting() {
    return [...this.entries.keys()].filter((key) => !this.held.has(key));
  }

  load() {
    const keys = [];
    for (let i = 0; i < localStorage.length; i++) {
      const key = localStorage.key(i);
      if (key.startsWith(this.prefix)) keys.push(key);
    }
    for (const key of keys.sort()) {
      try {
        this.entries.set(key, JSON.parse(localStorage.getItem(key)));
      } catch {
        localStorage.removeItem(key);
      }
    }
  }

  add(answer) {
    const order = `${String(Date.now()).padStart(15, "0")}-${String(this.count++).padStart(6, "0")}`;
    const key = `${this.prefix}${order}-${answer._answer_id}`;
    this.entries.set(key, answer);
    try {
      localStorage.setItem(key, JSON.stringify(answer));
      this.schedule(DELAY);
    } catch {
      this.flush(); // the browser's storage is full: the server must have it at once
    }
    this.onChange();
  }

  keyOf(answerId) {
    return [...this.entries].find(([key, answer]) => answer._answer_id === answerId && !this.underway.includes(key))?.[0];
  }

  // Keep an answer back while it is changed. It stays in the storage: a page that closes meanwhile loses nothing.
  // Returns whether it was not on its way yet.
  hold(answerId) {
    const key = this.keyOf(answerId);
    if (key === undefined) return false;
    this.held.add(key);
    this.onChange();
    return true;
  }

  // A held answer has been replaced by a newer one, or is to be sent after all.
  replaced(answerId) {
    const key = this.keyOf(answerId);
    if (key !== undefined && this.held.has(key)) this.drop(key);
  }

  release(answerId) {
    const key = this.keyOf(answerId);
    if (key !== undefined && this.held.delete(key)) this.schedule(DELAY);
  }

  drop(key) {
    this.entries.delete(key);
    this.held.delete(key);
    localStorage.removeItem(key);
  }

  schedule(delay) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), delay);
  }

  // Send everything; resolves when nothing is left or the server cannot be reached.
  async flush(keepalive = false) {
    clearTimeout(this.timer);
    if (this.sending) return this.sending;
    this.sending = this.sendAll(keepalive).finally(() => { this.sending = null; this.onChange(); });
    return this.sending;
  }

  async sendAll(keepalive) {
    let size = BATCH;
    while (this.size) {
      this.underway = this.waiting.slice(0, size);
      const answers = this.underway.map((key) => this.entries.get(key));
      try {
        const receipt = await giveAnswers(answers[0]._session_id, answers, keepalive);
        this.settle(receipt, answers);
      } catch (problem) {
        if ((problem.status === 422 || problem.status === 413) && this.underway.length > 1) {
          size = 1; // one of them is not taken: find out which
          continue;
        }
        this.fail(problem, answers[0]);
        if (problem.status !== 422 && problem.status !== 413) return;
      } finally {
        this.underway = [];
      }
    }
  }

  settle(receipt, answers) {
    this.underway.forEach((key) => this.drop(key));
    this.failures = 0;
    this.trouble = "";
    this.onReceipt(receipt);
    for (const refused of receipt.refused) this.onRefused(answers[refused.index], refused.message);
    this.onChange();
  }

  fail(problem, answer) {
    if (problem.status === 422 || problem.status === 413) {
      this.underway.forEach((key) => this.drop(key));
      this.onRefused(answer, problem.message);
      return;
    }
    this.trouble = problem.status ? problem.message : t("offline");
    this.schedule(RETRY[Math.min(this.failures++, RETRY.length - 1)]);
    this.onChange();
  }
}
