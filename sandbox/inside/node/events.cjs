'use strict';
// Writes signed lines: the events of a run (numbered, for the oracle) and what a witness saw (for the harness). What they
// say belongs to others.
//
// A line is `<hmac-sha256 hex> <json>`. Everything used here is taken before any file of the project is loaded, so that
// what a project replaces later (JSON, Hmac, fs) changes nothing.

const fs = require('node:fs');
const crypto = require('node:crypto');

const { apply } = Reflect;
const { stringify, parse } = JSON;
const { create, keys, defineProperty } = Object;
const { isArray } = Array;
const { openSync, writeSync } = fs;
const { createHmac, timingSafeEqual } = crypto;
const { update, digest } = crypto.Hmac.prototype;
const { from } = Buffer;
const HIDDEN = create(null, { value: { value: undefined }, configurable: { value: true } });
const LIVE = '\x1efixbugs ';

/** A copy whose parts inherit nothing: no `toJSON` that a project puts on a prototype is asked. */
function plain(value) {
  if (value === null || typeof value !== 'object') return value;
  if (isArray(value)) {
    const copy = [];
    for (let index = 0; index < value.length; index += 1) {
      defineProperty(copy, index, { value: plain(value[index]), enumerable: true });
    }
    return defineProperty(copy, 'toJSON', HIDDEN);
  }
  const copy = create(null);
  const names = keys(value);
  for (let index = 0; index < names.length; index += 1) copy[names[index]] = plain(value[names[index]]);
  return copy;
}

function signature(key, body) {
  const hmac = createHmac('sha256', key);
  apply(update, hmac, [body]);
  return apply(digest, hmac, ['hex']);
}

/** One line, without its end. */
function signed(key, event) {
  const body = stringify(plain(event));
  return `${signature(key, body)} ${body}`;
}

/** The event of a line, or null when it was not written with this key. */
function verified(key, line) {
  const cut = line.indexOf(' ');
  if (cut !== 64) return null;
  const body = line.slice(cut + 1);
  if (!timingSafeEqual(from(signature(key, body)), from(line.slice(0, cut).padEnd(64).slice(0, 64)))) return null;
  return parse(body);
}

function put(fd, text) {
  const data = from(text, 'utf8');
  let done = 0;
  while (done < data.length) {
    try {
      done += writeSync(fd, data, done, data.length - done);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

/** A function that writes one event of the run to the report, and with `live` to stdout as well. */
function emitter(path, keyHex) {
  const key = from(keyHex, 'hex');
  const fd = openSync(path, 'a', 0o600);
  let count = 0;
  return (event, live = false) => {
    const numbered = { ...event, n: count };
    count += 1;
    put(fd, `${signed(key, numbered)}\n`);
    if (!live) return;
    delete numbered.failures;
    try {
      put(1, `\n${LIVE}${signed(key, numbered)}\n`);
    } catch {
      // nobody listens any more
    }
  };
}

/** A function that appends one line to the channel between a test process and the harness. Lines of one process carry a
 * tag of its own and a number without gaps. */
function speaker(channel, keyHex) {
  const key = from(keyHex, 'hex');
  const fd = openSync(channel, 'a', 0o600);
  const tag = crypto.randomBytes(8).toString('hex');
  const { pid } = process;
  let count = 0;
  return (kind, fields) => {
    const line = signed(key, { ...fields, kind, tag, pid, n: count });
    count += 1;
    put(fd, `${line}\n`);
  };
}

module.exports = { emitter, speaker, verified };
