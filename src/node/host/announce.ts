import fs, { constants } from 'node:fs';
import { escapeControls } from '../../base/display.ts';

/** Characters of a line: the kernel cuts longer ones (LOG_LINE_MAX, kernel/printk/printk.c, is 1024 bytes less a prefix). */
const LINE_MAX = 240;
/** The level LOG_ERR: shown on the console of a quiet boot, too, which shows levels below 4 (kernel-parameters, `quiet`). */
const LEVEL = '<3>';

/** Shows a line to whoever watches the machine start; see `Host.announce`. */
export function announce(line: string): void {
  const text = escapeControls(line);
  const short = text.length > LINE_MAX ? `${text.slice(0, LINE_MAX)}…` : text;
  if (!write('/dev/kmsg', `${LEVEL}${short}\n`)) write('/dev/console', `${short}\r\n`);
}

/** A console that nobody reads must not hold the boot, hence O_NONBLOCK. Returns whether it was written. */
function write(path: string, text: string): boolean {
  try {
    const descriptor = fs.openSync(path, constants.O_WRONLY | constants.O_NOCTTY | constants.O_NONBLOCK);
    try {
      // In one piece: each write(2) to /dev/kmsg is a message of its own.
      fs.writeSync(descriptor, text);
    } finally {
      fs.closeSync(descriptor);
    }
    return true;
  } catch {
    return false;
  }
}
