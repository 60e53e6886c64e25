/**
 * Fails when an import crosses rooms against the direction drawn in CONTRIBUTING.md.
 *
 * Runs dependency-cruiser as a library rather than by its command, because with a TypeScript that it cannot
 * use it finds no modules and reports success: the number of modules seen is therefore checked too.
 */
import { readdirSync } from 'node:fs';
import { cruise, type IForbiddenRuleType } from 'dependency-cruiser';

/** Which room may import which. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  base: [],
  image: ['base'],
  platform: ['base', 'image'],
  source: ['base', 'platform'],
  build: ['base', 'platform', 'image', 'source'],
  trust: ['base', 'platform', 'image'],
  node: ['base', 'platform', 'image', 'trust', 'source'],
  boot: ['base', 'platform', 'image', 'trust', 'node'],
  cli: ['base', 'platform', 'image', 'trust', 'node', 'boot', 'build', 'source'],
};

const forbidden: IForbiddenRuleType[] = [
  ...Object.entries(allowed).map(
    ([room, targets]): IForbiddenRuleType => ({
      name: `${room} may import only ${['itself', ...targets].join(', ')}`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: { path: '^src/', pathNot: `^src/(${[room, ...targets].join('|')})/` },
    }),
  ),
  {
    name: 'base and image touch no host',
    severity: 'error',
    from: { path: '^src/(base|image)/' },
    to: { dependencyTypes: ['core'] },
  },
  { name: 'no circles', severity: 'error', from: {}, to: { circular: true } },
  {
    name: 'the product uses no development dependency',
    severity: 'error',
    from: { path: '^src/' },
    to: { dependencyTypes: ['npm-dev'] },
  },
  { name: 'every import resolves', severity: 'error', from: {}, to: { couldNotResolve: true } },
];

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.ts') && !name.endsWith('.d.ts'),
);
const { output } = await cruise(['src'], {
  doNotFollow: { path: 'node_modules' },
  tsPreCompilationDeps: true,
  tsConfig: { fileName: 'tsconfig.json' },
  enhancedResolveOptions: {
    exportsFields: ['exports'],
    conditionNames: ['import', 'node', 'default', 'types'],
  },
  ruleSet: { forbidden },
  validate: true,
});
if (typeof output === 'string') throw new Error('dependency-cruiser answered with text where data was asked');

const seen = output.modules.filter((module) => module.source.startsWith('src/')).length;
if (seen < sources.length) {
  console.error(
    `boundaries: dependency-cruiser saw ${seen} of ${sources.length} modules; its result means nothing`,
  );
  process.exit(1);
}
const { violations } = output.summary;
for (const { from, to, rule } of violations) console.error(`boundaries: ${rule.name}: ${from} imports ${to}`);
if (violations.length > 0) process.exit(1);
console.log(`boundaries: ${seen} modules, imports point one way`);
