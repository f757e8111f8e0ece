'use strict';
// Which lines of the project each test executes, from V8's own block coverage: counters are read and set back around each
// test. Source maps that lie in the code itself (as TypeScript's runners write them) lead back to the project's lines.

const inspector = require('node:inspector');
const { SourceMap } = require('node:module');
const { fileURLToPath } = require('node:url');

const INLINE_MAP = /\/\/[#@] sourceMappingURL=data:application\/json;(?:charset=[\w-]+;)?base64,([A-Za-z0-9+/=]+)/g;

/** `begin()` before a test, `end()` after it: {path: [start, stop, …]}, both ends belonging to a range. */
function recorder(tree) {
  const inside = `${tree.replace(/\/$/, '')}/`;
  const session = new inspector.Session();
  session.connect();
  const ask = (method, params = {}) => {
    let answer = {};
    session.post(method, params, (error, result) => {
      answer = error === null ? result : {};
    });
    return answer;
  };
  ask('Profiler.enable');
  ask('Debugger.enable');
  ask('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  const scripts = new Map();

  const pathOf = (url) => {
    const path = url.startsWith('file:') ? fileURLToPath(url.split('?')[0]) : url.split('?')[0];
    return path.startsWith(inside) && !path.includes('/node_modules/') ? path.slice(inside.length) : '';
  };

  const script = (id) => {
    if (!scripts.has(id)) scripts.set(id, new Script(ask('Debugger.getScriptSource', { scriptId: id }).scriptSource ?? ''));
    return scripts.get(id);
  };

  return {
    begin: () => void ask('Profiler.takePreciseCoverage'),
    end: () => {
      const byPath = new Map();
      for (const found of ask('Profiler.takePreciseCoverage').result ?? []) {
        const path = pathOf(found.url);
        if (!path) continue;
        const lines = byPath.get(path) ?? new Set();
        for (const line of script(found.scriptId).executed(found.functions)) lines.add(line);
        if (lines.size > 0) byPath.set(path, lines);
      }
      return Object.fromEntries([...byPath].map(([path, lines]) => [path, ranges(lines)]));
    },
  };
}

class Script {
  constructor(source) {
    this.source = source;
    this.starts = [0];
    for (let at = source.indexOf('\n'); at >= 0; at = source.indexOf('\n', at + 1)) this.starts.push(at + 1);
    const inline = [...source.matchAll(INLINE_MAP)].at(-1);
    this.map = inline ? new SourceMap(JSON.parse(Buffer.from(inline[1], 'base64').toString('utf8'))) : null;
  }

  /** The project's lines in these functions' blocks that ran. An inner block comes after the one around it. */
  executed(functions) {
    const ran = new Uint8Array(this.source.length);
    for (const { ranges: blocks } of functions) {
      for (const block of blocks) ran.fill(block.count > 0 ? 1 : 0, block.startOffset, block.endOffset);
    }
    const lines = new Set();
    for (let number = 0; number < this.starts.length; number += 1) {
      const column = this.#column(ran, this.starts[number], this.starts[number + 1] ?? this.source.length);
      if (column >= 0) this.#add(lines, number, column);
    }
    return lines;
  }

  /** Where on this line the first code that ran stands, or -1. */
  #column(ran, start, stop) {
    for (let at = start; at < stop; at += 1) {
      if (ran[at] === 1 && !' \t\r\n{}();,'.includes(this.source[at])) return at - start;
    }
    return -1;
  }

  #add(lines, number, column) {
    if (this.map === null) {
      lines.add(number + 1);
      return;
    }
    const entry = this.map.findEntry(number, column);
    if (entry.originalLine !== undefined && entry.generatedLine === number) lines.add(entry.originalLine + 1);
  }
}

function ranges(lines) {
  const flat = [];
  for (const line of [...lines].sort((a, b) => a - b)) {
    if (flat.length > 0 && flat.at(-1) === line - 1) flat[flat.length - 1] = line;
    else flat.push(line, line);
  }
  return flat;
}

module.exports = { recorder };
