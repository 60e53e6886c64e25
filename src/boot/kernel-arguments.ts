/** What the kernel command line says to the boot stage. */
export interface KernelArguments {
  /** The argument that turns extensions off; undefined where none does. */
  readonly disabledBy: string | undefined;
  /** Whether the log tells more. */
  readonly isDebug: boolean;
}

/** Arguments that, when they are false, turn all extensions off: systemd's own (kernel-command-line(7), from 261 on) and ours. */
const SWITCHES = ['systemd.sysext', 'kairos.sysext'];
const DEBUG = 'rd.immucore.debug';
/** Spellings of false (systemd's parse_boolean). */
const FALSE = new Set(['0', 'no', 'n', 'false', 'f', 'off']);

/** Reads the arguments of the boot stage. Of one that is there several times, the last counts. */
export function kernelArguments(commandLine: string): KernelArguments {
  const values = new Map<string, string>();
  for (const word of commandLine.split(/\s+/)) {
    const [name = '', ...value] = word.split('=');
    // As the kernel and systemd have it, names do not tell _ from -.
    values.set(name.replaceAll('_', '-'), value.join('='));
  }
  const isFalse = (name: string): boolean => FALSE.has((values.get(name) ?? '').toLowerCase());
  const off = SWITCHES.find(isFalse);
  return {
    disabledBy: off && `${off}=${values.get(off)}`,
    isDebug: values.has(DEBUG) && !isFalse(DEBUG),
  };
}
