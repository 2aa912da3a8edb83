// The telephone in the page: registers with Asterisk over WebSocket, rings, answers. One tab at a time.

const RETRY_SECONDS = 3;

export class Softphone {
  // `issue()` gives address, account and password for this sitting; `changed(state)`: connecting, ready, away, elsewhere.
  constructor(issue, audio, changed, rings) {
    Object.assign(this, { issue, audio, changed, rings, session: null, agent: null, wanted: false, muted: false });
    this.state = "off";
  }

  // Another tab of this browser may have the telephone: then this one waits for it to close.
  start() {
    this.wanted = true;
    if (this.holding) return this.connect();
    this.tell("elsewhere");
    navigator.locks.request("ivr-softphone", async () => {
      this.holding = true;
      if (this.wanted) await this.connect();
      return new Promise(() => {}); // until the tab is closed
    });
  }

  async connect() {
    this.tell("connecting");
    let account;
    try {
      const [library, issued] = await Promise.all([import("/static/vendor/jssip.js"), this.issue()]);
      this.JsSIP = library.default ?? library;
      account = issued;
      if (!account) throw new Error("no account");
    } catch {
      this.tell("away");
      setTimeout(() => this.wanted && this.connect(), RETRY_SECONDS * 1000);
      return;
    }
    this.stopAgent();
    const socket = new this.JsSIP.WebSocketInterface(account.address);
    const host = new URL(account.address).hostname;
    const agent = (this.agent = new this.JsSIP.UA({
      sockets: [socket], uri: `sip:${account.account}@${host}`, password: account.password,
      register_expires: 60, session_timers: false, user_agent: "ivr-console",
      connection_recovery_min_interval: 1, connection_recovery_max_interval: 4,
    }));
    agent.on("registered", () => this.tell("ready"));
    agent.on("disconnected", () => agent === this.agent && this.tell("away"));
    agent.on("registrationFailed", () => {
      if (agent !== this.agent) return;
      this.tell("away"); // Asterisk was restarted, or another machine has taken over: a new password is needed
      this.stopAgent();
      setTimeout(() => this.wanted && this.connect(), RETRY_SECONDS * 1000);
    });
    agent.on("newRTCSession", ({ session, originator }) => this.arrived(session, originator));
    agent.start();
  }

  arrived(session, originator) {
    if (originator !== "remote") return;
    if (this.session) return session.terminate({ status_code: 486 });
    this.session = session;
    this.muted = false;
    const over = () => {
      if (this.session === session) this.session = null;
      this.rings();
    };
    session.on("ended", over);
    session.on("failed", over);
    session.on("confirmed", () => this.rings());
    session.on("peerconnection", ({ peerconnection }) => {
      peerconnection.addEventListener("track", ({ streams }) => (this.audio.srcObject = streams[0]));
    });
    this.rings();
  }

  get ringing() {
    return Boolean(this.session) && !this.session.isEstablished() && !this.session.isEnded();
  }

  answer() {
    if (this.ringing) this.session.answer({ mediaConstraints: { audio: true, video: false }, pcConfig: { iceServers: [] } });
  }

  decline() {
    if (this.ringing) this.session.terminate({ status_code: 486 });
  }

  mute(off) {
    this.muted = off;
    if (this.session?.isEstablished()) this.session[off ? "mute" : "unmute"]({ audio: true });
  }

  stop() {
    this.wanted = false;
    this.stopAgent();
    this.tell("off");
  }

  stopAgent() {
    const agent = this.agent;
    this.agent = null;
    agent?.stop();
  }

  tell(state) {
    this.state = state;
    this.changed(state);
  }
}
