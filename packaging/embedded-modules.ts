import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transform } from 'esbuild';
import { bundleModules } from './javascript.ts';

/** The modules of a program by file name, each an expression in ASCII that packaging/module-loader.js calls. */
export async function embeddedModules(entryPoints: readonly string[]): Promise<Map<string, string>> {
  const directory = mkdtempSync(join(tmpdir(), 'kairos-sysext-modules-'));
  try {
    await bundleModules({ entryPoints: [...entryPoints], outdir: directory, legalComments: 'none' });
    const modules = new Map<string, string>();
    for (const name of readdirSync(directory).sort()) {
      const { code } = await transform(readFileSync(join(directory, name), 'utf8'), {
        format: 'cjs',
        platform: 'node',
        target: 'node24',
        minifySyntax: true,
        minifyWhitespace: true,
        // A script in an executable has no way to import.
        supported: { 'dynamic-import': false },
        // What asks where it stands does so only where it is a file.
        logOverride: { 'empty-import-meta': 'silent' },
      });
      modules.set(name, `(function (require, module, exports) {${withoutCopies(code)}})`);
    }
    return modules;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/**
 * CommonJS that takes a default export of Node's from an object that inherits from the module, where esbuild copies the module, one
 * property after another: at every start, and node:fs alone has a hundred.
 */
function withoutCopies(code: string): string {
  return code.replace(/\b__toESM\((require\("node:[\w/]+"\))\)/g, '({__proto__:$1,default:$1})');
}
