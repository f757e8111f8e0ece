'use strict';
// Finds files by glob patterns, as shells and node's own runner understand them. Which patterns a project uses is said by
// its settings.

const fs = require('node:fs');
const path = require('node:path');

const SKIPPED = new Set(['node_modules', '.git']);
const MAX_FILES = 20_000;

/** Absolute paths below `root` that match one of the patterns (relative to it), sorted. A folder stands for what it holds. */
function found(root, patterns) {
  const matchers = patterns.map((pattern) => matcher(pattern.replace(/^\.\//, '').replace(/\/$/, '/**')));
  const files = [];
  const walk = (folder) => {
    for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
      const full = path.join(folder, entry.name);
      if (entry.isDirectory() && !SKIPPED.has(entry.name)) walk(full);
      else if (entry.isFile() && files.length < MAX_FILES) {
        const relative = path.relative(root, full);
        if (matchers.some((one) => one.test(relative))) files.push(full);
      }
    }
  };
  walk(root);
  return files.sort();
}

/** `**`, `*`, `?`, `{a,b}`, `[ab]` and `?(a|b)`, `*(…)`, `+(…)`, `@(…)`. */
function matcher(pattern) {
  let text = '';
  const closers = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const rest = pattern.slice(at);
    const group = /^([?*+@])\(/.exec(rest);
    if (rest.startsWith('**/')) [text, at] = [`${text}(?:[^/]+/)*`, at + 2];
    else if (rest.startsWith('**')) [text, at] = [`${text}.*`, at + 1];
    else if (group) {
      text += '(?:';
      closers.push(`)${group[1] === '@' ? '' : group[1]}`);
      at += 1;
    } else if (rest[0] === '{') {
      text += '(?:';
      closers.push(')');
    } else if ((rest[0] === '}' || rest[0] === ')') && closers.length > 0) text += closers.pop();
    else if ((rest[0] === ',' || rest[0] === '|') && closers.length > 0) text += '|';
    else if (rest[0] === '*') text += '[^/]*';
    else if (rest[0] === '?') text += '[^/]';
    else if (/^\[!?[^\]/]+\]/.test(rest)) {
      const set = /^\[!?[^\]/]+\]/.exec(rest)[0];
      [text, at] = [text + set.replace('[!', '[^'), at + set.length - 1];
    } else text += rest[0].replace(/[\\^$.|+()[\]{}]/, '\\$&');
  }
  return new RegExp(`^${text}${closers.reverse().join('')}$`);
}

module.exports = { found };
