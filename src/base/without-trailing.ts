/**
 * A text without a character at its end, however often it is there. A pattern such as `/x+$/` takes time that grows with the
 * square of the length where there are many in the middle.
 */
export function withoutTrailing(text: string, character: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === character) end -= 1;
  return text.slice(0, end);
}
