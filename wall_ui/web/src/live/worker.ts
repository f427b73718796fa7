/// <reference lib="webworker" />
/** The Web Worker: real sockets, real decoders, real canvases around the LiveClient. */
import { LiveClient } from './client';
import type { Command, Notice } from './messages';
import { Surface } from './surface';

const REPORT_MS = 500;

const client = new LiveClient({
  nowMs: () => Date.now(),
  makeDecoder: (output, error) =>
    new VideoDecoder({ output: output as unknown as (frame: VideoFrame) => void, error }),
  makeChunk: (init) => new EncodedVideoChunk(init),
  openSocket: (url) => new WebSocket(url),
  after: (ms, run) => setTimeout(run, ms) as unknown as number,
  cancel: (timer) => clearTimeout(timer),
  post: (notice: Notice) => self.postMessage(notice),
});

self.onmessage = ({ data }: MessageEvent<Command>) => {
  switch (data.type) {
    case 'start':
      return client.start(data.url);
    case 'stop':
      return client.stop();
    case 'attach':
      return client.attach(
        data.tile,
        new Surface(data.canvas, (draw) => requestAnimationFrame(draw)),
      );
    case 'detach':
      return client.detach(data.tile);
    case 'size':
      return client.size(data.tile, data.width);
    case 'watch':
      return client.watch(data.tiles);
  }
};

setInterval(() => client.report(), REPORT_MS);
