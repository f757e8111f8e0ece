'use strict';
// The ids of tests: `path::suite > test`, with the path from the repository's root. Which tests there are belongs to the
// runners.

/** Gives each test of one file its id, in the order of their declaration: what repeats gets " #2", " #3", … */
function namer(path) {
  const seen = new Map();
  return (names) => {
    const base = `${path}::${names.map(clean).join(' > ')}`;
    const count = (seen.get(base) ?? 0) + 1;
    seen.set(base, count);
    return count === 1 ? base : `${base} #${count}`;
  };
}

function clean(name) {
  return String(name).replace(/\s+/g, ' ').trim();
}

module.exports = { namer };
