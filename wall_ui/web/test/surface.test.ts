import { describe, expect, it } from 'vitest';

import { Surface } from '../src/live/surface';
import { TestPicture } from './doubles';

function setting() {
  const drawn: TestPicture[] = [];
  const frames: (() => void)[] = [];
  let cleared = 0;
  const canvas = {
    width: 16,
    height: 9,
    getContext: () => ({
      drawImage: (picture: TestPicture) => drawn.push(picture),
      clearRect: () => (cleared += 1),
    }),
  };
  const surface = new Surface(canvas as unknown as OffscreenCanvas, (draw) => frames.push(draw));
  return { surface, canvas, drawn, frames, cleared: () => cleared };
}

describe('Surface', () => {
  it('draws the newest picture once per animation frame and closes every picture once', () => {
    const { surface, canvas, drawn, frames } = setting();
    const pictures = [1, 2, 3].map((n) => new TestPicture(n, 1280, 720));
    pictures.forEach((picture) => surface.show(picture));
    expect(frames).toHaveLength(1);
    frames[0]?.();
    expect(drawn).toEqual([pictures[2]]);
    expect(pictures.map((picture) => picture.closed)).toEqual([1, 1, 1]);
    expect([canvas.width, canvas.height]).toEqual([1280, 720]);
  });

  it('shows nothing of a picture that was cleared before it was drawn', () => {
    const { surface, drawn, frames, cleared } = setting();
    const picture = new TestPicture(1);
    surface.show(picture);
    surface.clear();
    frames[0]?.();
    expect(drawn).toEqual([]);
    expect([picture.closed, cleared()]).toEqual([1, 1]);
  });
});
