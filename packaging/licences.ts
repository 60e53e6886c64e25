import { readdirSync, readFileSync } from 'node:fs';
import { nodeLicence } from './node-binary.ts';

interface LockedPackage {
  readonly version?: string;
  readonly dev?: boolean;
  /** Needed for development, and otherwise only if something else brings it. */
  readonly devOptional?: boolean;
  readonly license?: string;
}

/** The licences of everything that an executable contains: Node, and the packages that are no development dependencies. */
export function licences(): string {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Readonly<Record<string, LockedPackage>>;
  };
  const parts = Object.entries(packages)
    .filter(([path, { dev, devOptional }]) => path !== '' && dev !== true && devOptional !== true)
    .map(([path, { version, license }]) => {
      const file = readdirSync(path).find((name) => /^(licen[cs]e|copying)(\.|$)/i.test(name));
      const text = file === undefined ? `${license}\n` : readFileSync(`${path}/${file}`, 'utf8');
      return section(`${path.replace(/^.*node_modules\//, '')} ${version}`, text);
    });
  const node = nodeLicence();
  if (node !== undefined) parts.push(section(`Node.js ${process.version}`, node));
  return parts.join('\n');
}

function section(title: string, text: string): string {
  return `${title}\n${'='.repeat(title.length)}\n\n${text.trimEnd()}\n`;
}
