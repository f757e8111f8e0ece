'use strict';
// Lets the tree find the packages that its environment holds. The environment is read-only and lies elsewhere: each
// `node_modules` of the tree is a real folder (where runners may write) of links into it, except that packages of the
// repository's own lead back into the tree. Installing them is the installer's work.

const fs = require('node:fs');
const path = require('node:path');

const REPORT = 'fixbugs-build.json';

function link(environment, tree) {
  const report = JSON.parse(fs.readFileSync(path.join(environment, REPORT), 'utf8'));
  const project = path.join(environment, 'project');
  for (const folder of report.modules) {
    const target = path.join(tree, folder);
    if (!fs.existsSync(path.dirname(target))) continue; // a package that this commit does not have
    fs.rmSync(target, { recursive: true, force: true });
    fs.mkdirSync(target, { recursive: true });
    linkEntries(path.join(project, folder), target, project, tree);
  }
}

function linkEntries(source, target, project, tree) {
  for (const entry of fs.readdirSync(source, { withFileTypes: true })) {
    const from = path.join(source, entry.name);
    const to = path.join(target, entry.name);
    if (entry.name.startsWith('@') && entry.isDirectory()) {
      fs.mkdirSync(to);
      linkEntries(from, to, project, tree);
    } else if (!entry.name.startsWith('.') || entry.name === '.bin') {
      fs.symlinkSync(own(from, entry, project, tree) ?? from, to);
    }
  }
}

/** Where a link to one of the repository's own packages must lead, or null for any other entry. */
function own(from, entry, project, tree) {
  if (!entry.isSymbolicLink()) return null;
  const meant = path.resolve(path.dirname(from), fs.readlinkSync(from));
  const inside = path.relative(project, meant);
  if (inside.startsWith('..') || inside.split(path.sep).includes('node_modules')) return null;
  return path.join(tree, inside);
}

module.exports = { link };
