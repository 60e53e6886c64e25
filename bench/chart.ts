/** A group of bars, such as one workload; a bar a series. */
export interface BarGroup {
  readonly name: string;
  readonly values: readonly number[];
}

/** A bar chart: horizontal bars in groups, each group to a scale of its own. */
export interface BarChart {
  readonly title: string;
  /** Of the values, such as `s`. */
  readonly unit: string;
  readonly series: readonly string[];
  readonly groups: readonly BarGroup[];
}

const COLOURS = ['#1f6feb', '#8b949e', '#b6bcc4', '#d8dde3'];
const WIDTH = 760;
const LABEL_WIDTH = 250;
const VALUE_WIDTH = 70;
const BAR_HEIGHT = 16;
const GROUP_GAP = 34;
const TOP = 44;

/** Draws a chart as SVG. */
export function drawBars({ title, unit, series, groups }: BarChart): string {
  const parts: string[] = [];
  const text = (x: number, y: number, content: string, more = ''): void => {
    parts.push(`<text x="${x}" y="${y}" ${more}>${escaped(content)}</text>`);
  };
  text(0, 18, title, 'font-weight="bold" font-size="14"');
  let y = TOP;
  for (const { name, values } of groups) {
    text(0, y, name, 'font-weight="bold"');
    const scale = (WIDTH - LABEL_WIDTH - VALUE_WIDTH) / Math.max(...values);
    values.forEach((value, index) => {
      const top = y + 8 + index * BAR_HEIGHT;
      const width = (value * scale).toFixed(1);
      const colour = COLOURS[index % COLOURS.length];
      text(LABEL_WIDTH - 8, top + 12, series[index]!, 'text-anchor="end"');
      parts.push(
        `<rect x="${LABEL_WIDTH}" y="${top + 2}" width="${width}" height="${BAR_HEIGHT - 4}" fill="${colour}"/>`,
      );
      text(LABEL_WIDTH + Number(width) + 6, top + 12, `${value.toFixed(2)} ${unit}`);
    });
    y += GROUP_GAP + values.length * BAR_HEIGHT;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-10 0 ${WIDTH + 20} ${y}" font-family="sans-serif" font-size="12" fill="#24292f">`,
    `<title>${escaped(title)}</title>`,
    `<rect x="-10" width="${WIDTH + 20}" height="${y}" fill="#ffffff"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
