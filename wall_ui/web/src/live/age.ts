/**
 * Age of the picture on a tile, in ms. It rises with the clock alone: whether frames, messages or
 * the connection itself stop, nothing here has to notice.
 *
 * It is at least the time since the last decoded frame, so that a camera whose time stamps run
 * ahead cannot make an old picture look new.
 *
 * @param captureUs capture time of the last decoded frame, server's clock, UTC µs
 * @param decodedMs when it was decoded, browser's clock, ms
 * @param nowMs now, browser's clock, ms
 * @param offsetUs server's clock minus the browser's, µs
 */
export function pictureAgeMs(
  captureUs: number,
  decodedMs: number,
  nowMs: number,
  offsetUs: number,
): number {
  const sinceCapture = nowMs + offsetUs / 1000 - captureUs / 1000;
  const sinceDecoded = nowMs - decodedMs;
  return Math.max(0, sinceCapture, sinceDecoded);
}
