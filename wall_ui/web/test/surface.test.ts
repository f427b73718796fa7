import { describe, expect, it } from 'vitest';

import { fitted, Surface } from '../src/live/surface';
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

  it('draws no wider than the tile, in the shape of the picture', () => {
    const { surface, canvas, frames } = setting();
    surface.setWidth(399.2);
    surface.show(new TestPicture(1, 1280, 720));
    frames[0]?.();
    expect([canvas.width, canvas.height]).toEqual([400, 225]);
  });
});

it('fitted never enlarges, and never comes to nothing', () => {
  const size = (displayWidth: number, displayHeight: number) => ({ displayWidth, displayHeight });
  expect(fitted(size(640, 360), 0)).toEqual({ width: 640, height: 360 });
  expect(fitted(size(640, 360), 1000)).toEqual({ width: 640, height: 360 });
  expect(fitted(size(4000, 1), 10)).toEqual({ width: 10, height: 1 });
});
