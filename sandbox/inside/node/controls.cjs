'use strict';
// Whether comparing and asserting still works in a test process, once its tests are over: code under test that replaces
// `assert` or JSON makes every test of its process pass. What a "no" means is the oracle's.

const { apply } = Reflect;
const { then } = Promise.prototype;
const Pristine = Promise;
const soon = setImmediate;

const MUST_THROW_ASSERT = [
  (assert) => assert(false),
  (assert) => assert.ok(0),
  (assert) => assert.equal(1, 2),
  (assert) => assert.strictEqual(1, 2),
  (assert) => assert.deepEqual({ a: 1 }, { a: 2 }),
  (assert) => assert.deepStrictEqual([1], [2]),
  (assert) => assert.notEqual(1, 1),
  (assert) => assert.notStrictEqual(1, 1),
  (assert) => assert.throws(() => {}),
  (assert) => assert.match('a', /b/),
  (assert) => assert.fail('x'),
];
const MUST_THROW_EXPECT = [
  (expect) => expect(1).toBe(2),
  (expect) => expect({ a: 1 }).toEqual({ a: 2 }),
  (expect) => expect([1]).toStrictEqual([2]),
  (expect) => expect(0).toBeTruthy(),
  (expect) => expect(1).toBeFalsy(),
  (expect) => expect(1).toBeNull(),
  (expect) => expect(undefined).toBeDefined(),
  (expect) => expect([1]).toContain(2),
  (expect) => expect([1]).toHaveLength(2),
  (expect) => expect('a').toMatch(/b/),
  (expect) => expect({ a: 1 }).toMatchObject({ a: 2 }),
  (expect) => expect(1).toBeGreaterThan(2),
  (expect) => expect(() => {}).toThrow(),
  (expect) => expect(1).not.toBe(1),
];
const MUST_THROW_CHAI = [
  (chai) => chai.expect(1).to.equal(2),
  (chai) => chai.expect({ a: 1 }).to.deep.equal({ a: 2 }),
  (chai) => chai.expect(false).to.be.true,
  (chai) => chai.expect([1]).to.have.lengthOf(2),
  (chai) => chai.expect(() => {}).to.throw(),
  (chai) => chai.assert.equal(1, 2),
  (chai) => chai.assert.strictEqual(1, 2),
  (chai) => chai.assert.deepEqual([1], [2]),
  (chai) => chai.assert.isTrue(false),
];
const MUST_HOLD = [
  ['JSON.stringify', (g) => g.JSON.stringify({ a: [1] }) === '{"a":[1]}' && g.JSON.stringify({ a: 2 }) === '{"a":2}'],
  ['JSON.parse', (g) => g.JSON.parse('[1,2]')[1] === 2],
  ['Object.is', (g) => !g.Object.is(1, 2) && g.Object.is(1, 1)],
  ['Object.keys', (g) => g.Object.keys({ a: 1, b: 2 }).length === 2],
  ['Array.prototype', (g) => ![1, 2].every((x) => x === 1) && ![1].includes(2) && [1].indexOf(2) === -1],
  ['Object.prototype', () => !Object.prototype.hasOwnProperty.call({}, 'a') && !('toJSON' in {})],
  ['String.prototype', () => !'a'.includes('b') && !'a'.startsWith('b')],
  ['RegExp.prototype', () => !/b/.test('a')],
  ['Promise', (g) => g.Promise.reject.length === 1 && typeof g.Promise.prototype.then === 'function'],
];

/** What does not work, in words, or "". `realm` holds the globals that the tests saw; `libraries` what they assert with. */
function broken(realm, { assert = [], expect = [], chai = [] }) {
  for (const [name, holds] of MUST_HOLD) {
    try {
      if (!holds(realm)) return `${name} was replaced`;
    } catch {
      return `${name} was replaced`;
    }
  }
  const checks = [
    ['assert', assert, MUST_THROW_ASSERT],
    ['expect', expect, MUST_THROW_EXPECT],
    ['chai', chai, MUST_THROW_CHAI],
  ];
  for (const [name, libraries, list] of checks) {
    for (const library of libraries) {
      if (library && !list.every((check) => throws(check, library))) return `${name} does not refuse what is wrong`;
    }
  }
  return '';
}

/** The same for promises: whether one that was rejected is seen to be. "" or what does not work. */
async function swallowed(realm, assert) {
  const probe = () => {
    try {
      assert.strictEqual(1, 2);
    } catch (error) {
      return realm.Promise.reject(error);
    }
    return realm.Promise.reject(new Error('probe'));
  };
  const seen = [];
  try {
    const [first, second] = [probe(), probe()];
    for (const one of [first, second]) apply(then, one, [null, () => {}]); // they are ours: nobody else need mind them
    first.then(() => {}, () => seen.push('then'));
    second.catch(() => seen.push('catch'));
  } catch {
    return 'Promise was replaced';
  }
  for (let turn = 0; turn < 3; turn += 1) await new Pristine((resolve) => soon(resolve));
  return seen.length === 2 ? '' : 'promises hide that they were rejected';
}

function throws(check, library) {
  try {
    check(library);
  } catch {
    return true;
  }
  return false;
}

module.exports = { broken, swallowed };
