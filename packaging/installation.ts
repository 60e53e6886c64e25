import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describePrograms } from './command-tree.ts';
import { writeCompletions } from './completions/write.ts';
import { licences } from './licences.ts';
import { writeManPages } from './man.ts';

/** What is handed out as it stands here. */
const FILES = ['systemd', 'dracut', 'initramfs-tools', 'install.sh', 'Containerfile'];

/** Writes what goes with the executables: completions, man pages, licences, and what installs all that. */
export async function writeInstallation(directory: string): Promise<void> {
  const programs = await describePrograms();
  for (const name of ['completions', 'man', ...FILES]) {
    rmSync(join(directory, name), { recursive: true, force: true });
  }
  writeCompletions(join(directory, 'completions'), programs);
  writeManPages(join(directory, 'man'), programs);
  for (const name of FILES) cpSync(join('packaging', name), join(directory, name), { recursive: true });
  cpSync('LICENSE', join(directory, 'LICENSE'));
  writeFileSync(join(directory, 'THIRD-PARTY-LICENSES'), licences());
}
