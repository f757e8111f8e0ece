// Leads `import 'node:test'` to our shim, on versions of node whose hooks run in a thread of their own (before 22.15).

let shim = '';

export function initialize(data) {
  shim = data.shim;
}

export function resolve(specifier, context, next) {
  if (specifier === 'node:test' && context.parentURL !== shim) return { url: shim, format: 'module', shortCircuit: true };
  return next(specifier, context);
}
