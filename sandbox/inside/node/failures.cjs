'use strict';
// What a failure looks like, in plain data: type, message, frames, text; sizes capped, paths relative to the tree. Writing
// it is `events`' work.

const fs = require('node:fs');

const MAX_MESSAGE = 4000;
const MAX_TEXT = 12000;
const MAX_FRAMES = 60;
const MAX_CODE = 300;
const FRAME = /^\s*at (?:async )?(?:(.*?) \()?(?:file:\/\/)?(\/[^()]*?):(\d+):\d+\)?$/;
const ESCAPES = /\u001b\[[0-9;]*m/g;
const TIMED_OUT = [/^Timeout of \d+ms exceeded/, /^(thrown: ")?Exceeded timeout of \d+ ms/, /^Test timed out in \d+ms/];

/** Describes errors of a project in `tree`; frames outside it, of dependencies and of ours are left out. */
function describer(tree) {
  const inside = `${tree.replace(/\/$/, '')}/`;
  const relative = (text) => text.replaceAll(`file://${inside}`, '').replaceAll(inside, '').replace(ESCAPES, '');

  const code = (path, line) => {
    try {
      return (fs.readFileSync(path, 'utf8').split('\n')[line - 1] ?? '').trim().slice(0, MAX_CODE);
    } catch {
      return '';
    }
  };

  /** Outermost first; a stack says it the other way round. */
  const frames = (stack) => {
    const found = [];
    for (const text of stack.split('\n')) {
      const match = FRAME.exec(text.replace(ESCAPES, ''));
      if (match === null) continue;
      const [, name, file, number] = match;
      const path = file.split('?')[0];
      if (!path.startsWith(inside) || path.includes('/node_modules/')) continue;
      const line = Number(number);
      found.unshift({ path: path.slice(inside.length), line, function: name ?? '', code: code(path, line) });
    }
    return found.length > MAX_FRAMES ? [...found.slice(0, 10), ...found.slice(10 - MAX_FRAMES)] : found;
  };

  return (thrown, phase = 'call') => {
    try {
      const error = cause(thrown);
      const message = middleCut(relative(messageOf(error)), MAX_MESSAGE);
      const stack = stackOf(error);
      const text = middleCut(relative(stack.includes(message) ? stack : `${message}\n${stack}`), MAX_TEXT);
      const late = isTimeout(thrown, message);
      const type = late ? 'TestTimedOut' : typeOf(error);
      return { phase, type, message, frames: frames(stack), text, timed_out: late };
    } catch {
      return { phase, type: 'Error', message: 'what was thrown cannot be read', frames: [], text: '', timed_out: false };
    }
  };
}

/** What a runner wrapped, unwrapped: node's own test errors, and errors behind "one of its tests failed". */
function cause(error) {
  return isObject(error) && error.code === 'ERR_TEST_FAILURE' && error.cause !== undefined ? error.cause : error;
}

function isTimeout(error, message) {
  if (isObject(error) && (error.failureType === 'testTimeoutFailure' || error.code === 'ERR_MOCHA_TIMEOUT')) return true;
  return TIMED_OUT.some((sign) => sign.test(message));
}

function messageOf(error) {
  if (!isObject(error)) return `thrown: ${String(error)}`;
  const message = typeof error.message === 'string' && error.message ? error.message : String(error);
  return typeof error.code === 'string' && !message.includes(error.code) ? `${message} (${error.code})` : message;
}

function stackOf(error) {
  return isObject(error) && typeof error.stack === 'string' ? error.stack : '';
}

/** The class's own name: an error that names itself wins, a plain "Error" is named by its class. */
function typeOf(error) {
  if (!isObject(error)) return typeof error;
  if ('matcherResult' in error || error.constructor?.name === 'JestAssertionError') return 'AssertionError';
  const named = typeof error.name === 'string' ? error.name.split(' ')[0] : '';
  const made = typeof error.constructor?.name === 'string' ? error.constructor.name : '';
  return (named && named !== 'Error' ? named : made) || 'Error';
}

function isObject(value) {
  return value !== null && typeof value === 'object';
}

/** The text with its middle left out when it is longer than `limit`; the end says most. */
function middleCut(text, limit) {
  if (text.length <= limit) return text;
  const head = Math.floor(limit / 3);
  return `${text.slice(0, head)}\n… ${text.length - limit} characters left out …\n${text.slice(head - limit)}`;
}

module.exports = { describer };
