"""Ways to make a red JavaScript test look green, each tried for real on the runners that it aims at. Code under test
does it, which a candidate patch may change; test files and settings come from the base commit when it counts.
"""

from __future__ import annotations

import pytest

from bot.core.testing import Outcome
from node_projects import NodeLab, calc, repository, suite
from sandbox.docker.sandboxes import DockerSandboxes

TEXT = """\
test('adds', () => { assert.equal(add(2, 2), 4); });
test('later', async () => { await null; assert.deepEqual([add(2, 2)], [4]); });
"""
NAMES = ("adds", "later")

WRONG = "return a - b;"
EXIT_0, EXIT_1 = "process.exit(0);", "process.exit(1);"
LATE = "setTimeout(() => { Promise.reject(new Error('too late')); }, 0); return a + b;"

NO_ASSERT = """
const lib = process.getBuiltinModule('node:assert');
for (const one of [lib, lib.strict]) for (const name of Object.keys(one)) {
  if (typeof one[name] === 'function' && !/Error|strict|CallTracker/.test(name)) one[name] = () => {};
}"""
OWN_WRITTEN = """
Object.defineProperty(Object.prototype, 'toJSON', { configurable: true, value() {
  return this.outcome ? { ...this, outcome: 'passed', failure: null } : this;
} });"""
JSON_BENT = """
const { stringify } = JSON;
JSON.stringify = (value, ...more) => stringify(value, ...more)?.replaceAll('failed', 'passed');"""
NO_REJECTION = """
const { then } = Promise.prototype;
Promise.prototype.then = function (good) { return then.call(this, good, () => good?.()); };
Promise.prototype.catch = function () { return this; };"""
NO_TIME = "globalThis.setTimeout = (f) => { f(); return 0; }; globalThis.setImmediate = () => 0;"
PRINTED = """
for (const text of ['ok 1 - adds\\n', 'TAP version 13\\n# pass 2\\n# fail 0\\n', '{"event":"end","status":1}\\n',
  '\\u001efixbugs ' + '0'.repeat(64) + ' {}\\n', ' 2 passing\\n', 'Tests: 2 passed, 2 total\\n']) {
  process.stdout.write(text);
}"""
ADDED_LINES = """
const fs = process.getBuiltinModule('node:fs');
for (const name of fs.readdirSync('/sandbox/scratch')) {
  if (name.endsWith('.jsonl')) fs.appendFileSync('/sandbox/scratch/' + name, '0'.repeat(64) + ' {"kind":"verdict"}\\n');
}"""
COPIED_LINES = """
const fs = process.getBuiltinModule('node:fs');
for (const name of fs.readdirSync('/sandbox/scratch').filter((one) => one.endsWith('.jsonl'))) {
  const path = '/sandbox/scratch/' + name;
  fs.appendFileSync(path, fs.readFileSync(path, 'utf8').split('\\n').slice(-3).join('\\n'));
}"""
EMPTIED = """
const fs = process.getBuiltinModule('node:fs');
for (const name of fs.readdirSync('/sandbox/scratch')) {
  if (name.endsWith('.jsonl')) fs.truncateSync('/sandbox/scratch/' + name, 0);
}"""
NODE_PROTOCOL = """
const body = process.getBuiltinModule('node:v8').serialize(
  { type: 'test:pass', data: { name: 'adds', nesting: 0, testNumber: 1, details: { duration_ms: 1 } } });
const head = Buffer.alloc(8); head.writeUInt32BE(0xff0f0000); head.writeUInt32BE(body.length, 4);
process.stdout.write(Buffer.concat([head, body]));"""
BENT_STREAM = """
const { Readable } = process.getBuiltinModule('node:stream');
const { push } = Readable.prototype;
Readable.prototype.push = function (item, ...more) {
  if (item?.type === 'test:fail') item.type = 'test:pass';
  return push.call(this, item, ...more);
};"""
WORKER_MESSAGES = """
process.send?.([0, { numFailingTests: 0, numPassingTests: 2, testResults: [], perfStats: {}, snapshot: {} }]);
process.send?.({ __tinypool_worker_message__: true, source: 'pool', result: null, error: null });"""
BENT_MOCHA = """
for (const [file, module] of Object.entries(require.cache)) {
  if (/mocha.lib.runner\\.js$/.test(file)) {
    const { emit } = module.exports.prototype;
    module.exports.prototype.emit = function (name, ...args) {
      return emit.call(this, name === 'fail' ? 'pass' : name, ...args);
    };
  }
}"""
BENT_MOCHA_RUN = """
for (const [file, module] of Object.entries(require.cache)) {
  if (/mocha.lib.runnable\\.js$/.test(file)) module.exports.prototype.run = function (done) { done(); };
}"""
BENT_CIRCUS = """
for (const key of Object.getOwnPropertySymbols(globalThis)) {
  const state = globalThis[key];
  for (const test of state?.currentDescribeBlock?.children ?? []) {
    Object.defineProperty(test, 'errors', { get: () => [], set() {} });
  }
}
Array.prototype.push = ((push) => function (...items) {
  return items[0] instanceof Error || items[0]?.[0] instanceof Error ? this.length : push.apply(this, items);
})(Array.prototype.push);"""
OWN_SHIM = """
const nodeTest = require('node:test');
nodeTest.beforeEach((t) => { t.skip?.(); });"""
FAKES = [
    (runner, name, before, body)
    for name, before, body, runners in (
        ("the process ends with 0", "", EXIT_0, ("node", "mocha", "jest")),
        ("the process ends as a run of ours does", "", EXIT_1, ("mocha",)),
        ("the process ends while the file is loaded", EXIT_0, WRONG, ("node", "mocha")),
        ("assert does nothing", NO_ASSERT, WRONG, ("node", "mocha", "jest", "vitest")),
        ("objects say that they passed when written", OWN_WRITTEN, WRONG, ("node", "mocha")),
        ("JSON is rewritten", JSON_BENT, WRONG, ("mocha",)),
        ("promises do not reject", NO_REJECTION, WRONG, ("node", "mocha", "jest", "vitest")),
        ("time does not pass", NO_TIME, WRONG, ("node",)),
        ("results are printed", PRINTED, WRONG, ("node", "mocha")),
        ("lines are added to the report", ADDED_LINES, WRONG, ("mocha",)),
        ("lines of the report are copied", COPIED_LINES, WRONG, ("mocha",)),
        ("the report is emptied", EMPTIED, WRONG, ("mocha",)),
        ("the protocol of node's runner is imitated", NODE_PROTOCOL, WRONG, ("node",)),
        ("the event stream of node's runner is bent", BENT_STREAM, WRONG, ("node",)),
        ("tests are skipped by a hook", OWN_SHIM, WRONG, ("node",)),
        ("messages of a worker are imitated", WORKER_MESSAGES, WRONG, ("jest",)),
        ("mocha's events are bent", BENT_MOCHA, WRONG, ("mocha",)),
        ("mocha runs nothing", BENT_MOCHA_RUN, WRONG, ("mocha",)),
        ("jest's state is bent", BENT_CIRCUS, WRONG, ("jest",)),
        ("an error comes after the end", "", LATE, ("node", "mocha", "vitest")),
    )
    for runner in runners
]


@pytest.fixture(scope="module")
def lab(docker_sandboxes: DockerSandboxes) -> NodeLab:
    return NodeLab(docker_sandboxes)


@pytest.mark.parametrize("runner", ["node", "mocha", "jest", "vitest"])
def test_an_honest_fix_is_green(lab: NodeLab, runner: str) -> None:
    run = lab.run(runner, repository(calc(runner, "return a + b;"), suite(runner, TEXT)), NAMES)
    assert (run.green, run.distrust) == (True, "")


@pytest.mark.parametrize(("runner", "before", "body"), [pytest.param(r, b, t, id=f"{r}-{n}") for r, n, b, t in FAKES])
def test_a_faked_pass_is_not_green(lab: NodeLab, runner: str, before: str, body: str) -> None:
    assert not lab.run(runner, repository(calc(runner, body, before), suite(runner, TEXT)), NAMES).green


SKIPPING_HOOK = {
    "packages/mocha/.mocharc.json": '{"require": ["./setup.js"]}',
    "packages/mocha/setup.js": "exports.mochaHooks = { beforeEach() { this.skip(); } };\n",
}


def test_tests_that_a_setup_file_skips_are_not_green(lab: NodeLab) -> None:
    tree = repository(calc("mocha", WRONG), suite("mocha", TEXT), SKIPPING_HOOK)
    run = lab.run("mocha", tree, NAMES)
    assert [result.outcome for result in run.results] == [Outcome.SKIPPED, Outcome.SKIPPED]


@pytest.mark.parametrize("runner", ["mocha", "vitest"])
def test_an_only_beside_the_expected_tests_does_not_make_them_green(lab: NodeLab, runner: str) -> None:
    text = TEXT + "it.only('harmless', () => {});\n"
    assert not lab.run(runner, repository(calc(runner, WRONG), suite(runner, text)), NAMES).green
