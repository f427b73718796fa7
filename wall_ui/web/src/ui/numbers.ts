/** Numbers as people write them: a decimal comma counts, empty or odd text is no number. */
export function readNumber(text: string): number {
  const plain = text.trim().replace(',', '.');
  return plain === '' ? NaN : Number(plain);
}

/** A number for an input, without the tail of binary fractions: 0.03 × 100 is 3. */
export function writeNumber(value: number, scale = 1): string {
  return Number.isFinite(value) ? String(Number((value * scale).toPrecision(10))) : '';
}
