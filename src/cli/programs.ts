import type { Program } from './run-program.ts';

/** The names that this program answers to. Packaging makes an executable, a completion and man pages of each. */
export const PROGRAMS: Readonly<Record<string, () => Promise<Program>>> = {
  auroraboot: async () => (await import('./auroraboot/command.ts')).AURORABOOT,
  'kairos-agent': async () => (await import('./kairos-agent/command.ts')).KAIROS_AGENT,
  immucore: async () => (await import('./immucore/command.ts')).IMMUCORE,
};
