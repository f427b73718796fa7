/** WebRTC by WHEP: one offer, one answer, DELETE to leave. */

export type WhepFailure =
  | 'no_webrtc'
  | 'no_picture'
  | 'forbidden'
  | 'not_found'
  | 'signed_out'
  | 'rejected'
  | 'network'
  | 'no_frames';

export class WhepError extends Error {
  constructor(readonly failure: WhepFailure) {
    super(failure);
    this.name = 'WhepError';
  }
}

export interface WhepSession {
  readonly peer: RTCPeerConnection;
  close(): void;
}

/** An answer from the gateway by ICE's own clock is not worth a longer wait than this, ms. */
const GATHER_MS = 1500;

const FAILURES: Readonly<Record<number, WhepFailure>> = {
  401: 'signed_out',
  403: 'forbidden',
  404: 'not_found',
  503: 'no_picture',
};

/** Words for an HTTP status that is no success. */
export function whepFailure(status: number): WhepFailure {
  return FAILURES[status] ?? 'rejected';
}

/**
 * Open a camera. `onTrack` gets the stream as soon as the answer is set.
 * Raises WhepError; after that nothing is left open.
 */
export async function openWhep(
  url: string,
  csrfToken: string,
  onTrack: (stream: MediaStream) => void,
  signal: AbortSignal,
): Promise<WhepSession> {
  if (typeof RTCPeerConnection === 'undefined') throw new WhepError('no_webrtc');
  const peer = new RTCPeerConnection();
  try {
    peer.ontrack = (event) => onTrack(event.streams[0] ?? new MediaStream([event.track]));
    preferH264(peer.addTransceiver('video', { direction: 'recvonly' }));
    await peer.setLocalDescription(await peer.createOffer());
    await gathered(peer);
    const offer = peer.localDescription?.sdp ?? '';
    const { answer, location } = await exchange(url, csrfToken, offer, signal);
    const leave = () => remove(location, csrfToken);
    if (signal.aborted) {
      await leave();
      throw new WhepError('network');
    }
    try {
      await peer.setRemoteDescription({ type: 'answer', sdp: answer });
    } catch {
      await leave();
      throw new WhepError('rejected');
    }
    return {
      peer,
      // First the DELETE: a closed peer ends the session there, and the DELETE would find none.
      close: () => void leave().finally(() => peer.close()),
    };
  } catch (cause) {
    peer.close();
    throw cause instanceof WhepError ? cause : new WhepError('network');
  }
}

async function exchange(
  url: string,
  csrfToken: string,
  offer: string,
  signal: AbortSignal,
): Promise<{ answer: string; location: string | null }> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp', 'X-CSRF-Token': csrfToken },
      body: offer,
      credentials: 'same-origin',
      signal,
    });
  } catch {
    throw new WhepError('network');
  }
  if (response.status !== 201) throw new WhepError(whepFailure(response.status));
  return { answer: await response.text(), location: response.headers.get('Location') };
}

async function remove(location: string | null, csrfToken: string): Promise<void> {
  if (location === null) return;
  const url = new URL(location, window.location.href);
  if (url.origin !== window.location.origin) return;
  try {
    await fetch(url, {
      method: 'DELETE',
      headers: { 'X-CSRF-Token': csrfToken },
      credentials: 'same-origin',
      keepalive: true,
    });
  } catch {
    return; // the gateway also notices a peer that went away, only later
  }
}

function preferH264(transceiver: RTCRtpTransceiver): void {
  const codecs = RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
  const h264 = codecs.filter((codec) => codec.mimeType.toLowerCase() === 'video/h264');
  if (h264.length > 0) transceiver.setCodecPreferences(h264);
}

function gathered(peer: RTCPeerConnection): Promise<void> {
  if (peer.iceGatheringState === 'complete') return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, GATHER_MS);
    peer.addEventListener('icegatheringstatechange', () => {
      if (peer.iceGatheringState !== 'complete') return;
      clearTimeout(timer);
      resolve();
    });
  });
}

export interface FocusStats {
  transport: 'webrtc' | 'websocket';
  framesDecoded: number;
  fps: number;
  width: number;
  height: number;
}

/** Read what the browser counts of the incoming video; null before the first packet. */
export async function videoStats(peer: RTCPeerConnection): Promise<FocusStats | null> {
  const stats = await peer.getStats();
  for (const entry of stats.values() as Iterable<Record<string, unknown>>) {
    if (entry['type'] !== 'inbound-rtp' || entry['kind'] !== 'video') continue;
    const number = (key: string) => (typeof entry[key] === 'number' ? (entry[key] as number) : 0);
    return {
      transport: 'webrtc',
      framesDecoded: number('framesDecoded'),
      fps: Math.round(number('framesPerSecond')),
      width: number('frameWidth'),
      height: number('frameHeight'),
    };
  }
  return null;
}
