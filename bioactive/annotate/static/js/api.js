// The server's routes. Every failure is an ApiError; `status` is 0 when the server could not be reached.

export class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

const KEEPALIVE = 60000; // bytes: what a browser lets a closing page still send

async function request(path, body, keepalive = false) {
  const options = {};
  if (body !== undefined) {
    options.method = "POST";
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body);
    options.keepalive = keepalive && new Blob([options.body]).size < KEEPALIVE;
  }
  let response;
  try {
    response = await fetch(path, options);
  } catch (problem) {
    throw new ApiError(problem.message, 0);
  }
  if (!response.ok) {
    const text = await response.text();
    throw new ApiError(detail(text) || response.statusText, response.status);
  }
  return response.json();
}

function detail(text) {
  try {
    const found = JSON.parse(text).detail;
    return typeof found === "string" ? found : JSON.stringify(found);
  } catch {
    return text.slice(0, 200);
  }
}

export const getProject = (session) => request(session ? `project/${encodeURIComponent(session)}` : "project");
export const getQuestions = (session_id, have) => request("get_session_questions", { session_id, have });
export const giveAnswers = (session_id, answers, keepalive) => request("give_answers", { session_id, answers }, keepalive);
export const getHistory = (session_id, limit) => request("get_history", { session_id, limit });
export const secondPass = (session_id) => request("second_pass", { session_id });
export const keepAlive = (session_id) => request("keep_alive", { session_id });
export const validateAnswer = (answer) => request("validate_answer", { answer });
export const callHook = (name, payload) => request(`event/${encodeURIComponent(name)}`, payload ?? {});
