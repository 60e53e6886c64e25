/**
 * Runs a module of those that the executable holds, with what it requires. Put into the executable as text: its main script and its
 * threads begin with it. Modules are CommonJS, in ASCII; beside each may be a code cache of V8.
 */
// biome-ignore lint/correctness/noUnusedVariables: called by what follows this text
function runModule(entry) {
  const { getRawAsset } = require('node:sea');
  const { Script } = require('node:vm');
  const modules = new Map();
  const load = (name) => {
    if (!name.startsWith('./')) return require(name);
    let module = modules.get(name);
    if (module === undefined) {
      module = { exports: {} };
      modules.set(name, module);
      const file = name.slice(2);
      const source = Buffer.from(getRawAsset(file)).latin1Slice();
      const cache = Buffer.from(getRawAsset(`${file}.cache`));
      // A cache that does not fit, such as under other flags of V8, is passed over.
      const script = new Script(source, { filename: file, ...(cache.length > 0 && { cachedData: cache }) });
      script.runInThisContext()(load, module, module.exports);
    }
    return module.exports;
  };
  load(entry);
}
