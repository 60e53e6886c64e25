const SUFFIXES = ['', 'K', 'M', 'G', 'T', 'P', 'E'];

/** A number of bytes as systemd writes it (src/basic/format-util.c, format_bytes): binary units, one digit cut off, `21.5M`. */
export function iecSize(bytes: number): string {
  let unit = 0;
  while (unit < SUFFIXES.length - 1 && bytes >= 1024 ** (unit + 1)) unit += 1;
  if (unit === 0) return `${bytes}B`;
  const whole = Math.floor(bytes / 1024 ** unit);
  const tenth = Math.floor((bytes * 10) / 1024 ** unit) % 10;
  return `${whole}${tenth > 0 ? `.${tenth}` : ''}${SUFFIXES[unit]}`;
}
