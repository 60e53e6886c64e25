import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Architectures as Node names them. */
export const ARCHITECTURES = ['x64', 'arm64'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** The SHA-512 of the npm packages that hold Node (`dist.integrity` in the registry). A new version needs new ones. */
const PACKAGES = {
  version: '24.21.0',
  integrity: {
    x64: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
    arm64: 'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
  },
} as const;
const CACHE = '.cache/node';

/** Node for an architecture, of the same version as the one that runs this: itself, or else from the npm registry. */
export function nodeBinary(architecture: Architecture): Buffer {
  if (process.platform === 'linux' && process.arch === architecture) return readFileSync(process.execPath);
  return fileOfPackage(architecture, 'package/bin/node');
}

/** Node's licence and those of what is in it; undefined where it would have to be downloaded first. */
export function nodeLicence(): string | undefined {
  const known = ARCHITECTURES.find((architecture) => existsSync(archivePath(architecture)));
  return known && fileOfPackage(known, 'package/LICENSE').toString('utf8');
}

function archivePath(architecture: Architecture): string {
  return join(CACHE, `node-linux-${architecture}-${PACKAGES.version}.tgz`);
}

function fileOfPackage(architecture: Architecture, path: string): Buffer {
  if (process.version !== `v${PACKAGES.version}`) {
    throw new Error(
      `this is Node ${process.version}, but packaging/node-binary.ts knows the packages of ${PACKAGES.version}: change it there`,
    );
  }
  const archive = archivePath(architecture);
  if (!existsSync(archive)) {
    const name = `node-linux-${architecture}@${PACKAGES.version}`;
    console.log(`downloading ${name}`);
    mkdirSync(CACHE, { recursive: true });
    execFileSync('npm', ['pack', '--silent', '--pack-destination', CACHE, name], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
  const digest = createHash('sha512').update(readFileSync(archive)).digest('base64');
  if (`sha512-${digest}` !== PACKAGES.integrity[architecture]) {
    throw new Error(`${archive} is not the package that is meant: remove it, and look at where it came from`);
  }
  return execFileSync('tar', ['-xzOf', archive, path], { maxBuffer: 2 ** 30 });
}
