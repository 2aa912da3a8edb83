// The telephone in the page, over WebSocket to Asterisk. An operator's registers, rings, answers, one tab at a time; a
// caller's only dials.

const RETRY_SECONDS = 3;
const SETTLE_SECONDS = 2;

export class Softphone {
  // `issue()` gives addresses, account and password for this sitting; `changed(state)`: connecting, ready, away, elsewhere.
  constructor(issue, audio, changed, rings) {
    Object.assign(this, { issue, audio, changed, rings, session: null, agent: null, wanted: false, muted: false });
    this.state = "off";
    this.sitting = crypto.randomUUID();
    this.again = "0"; // whether this page has had the telephone before: then it may be elsewhere by now
  }

  // Another tab of this browser may have the telephone: then this one waits for it to close.
  start() {
    this.wanted = true;
    this.again = "0";
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
      const [library, issued] = await Promise.all([import("/static/vendor/jssip.js"), this.issue({ sitting: this.sitting, again: this.again })]);
      this.JsSIP = library.default ?? library;
      account = issued;
      if (account?.elsewhere) {
        this.stopAgent();
        return this.tell("elsewhere");
      }
      this.again = "1";
      if (!account) throw new Error("no account");
    } catch {
      this.tell("away");
      setTimeout(() => this.wanted && this.connect(), RETRY_SECONDS * 1000);
      return;
    }
    const address = account.addresses.find((each) => new URL(each).hostname === location.hostname) ?? account.addresses[0];
    const agent = this.agentOf({ ...account, address }, { register_expires: 60 });
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

  // One call out by an account that need not register; `microphone` is the caller's own stream.
  async dial(account, target, microphone) {
    const library = await import("/static/vendor/jssip.js");
    this.JsSIP = library.default ?? library;
    const agent = this.agentOf(account, { register: false });
    agent.on("disconnected", () => agent === this.agent && !this.session && this.rings());
    agent.once("connected", () => {
      this.attend(agent.call(target, { mediaStream: microphone, mediaConstraints: { audio: true, video: false }, pcConfig: { iceServers: [] } }));
    });
    agent.start();
  }

  agentOf({ address, account, password }, options) {
    this.stopAgent();
    return (this.agent = new this.JsSIP.UA({
      sockets: [new this.JsSIP.WebSocketInterface(address)], uri: `sip:${account}@${new URL(address).hostname}`, password,
      session_timers: false, user_agent: "ivr", connection_recovery_min_interval: 1, connection_recovery_max_interval: 4, ...options,
    }));
  }

  arrived(session, originator) {
    if (originator !== "remote") return;
    if (this.session) return session.terminate({ status_code: 486 });
    this.attend(session);
  }

  attend(session) {
    this.session = session;
    this.muted = false;
    const over = () => {
      if (this.session === session) this.session = null;
      this.rings();
    };
    session.on("ended", over);
    session.on("failed", over);
    session.on("confirmed", () => this.rings());
    const hear = (connection) => connection.addEventListener("track", ({ streams }) => (this.audio.srcObject = streams[0]));
    if (session.connection) hear(session.connection);
    else session.on("peerconnection", ({ peerconnection }) => hear(peerconnection));
    this.rings();
  }

  get ringing() {
    return Boolean(this.session) && !this.session.isEstablished() && !this.session.isEnded();
  }

  answer() {
    if (this.ringing) this.session.answer({ mediaConstraints: { audio: true, video: false }, pcConfig: { iceServers: [] } });
  }

  // The hotline may have ended a call while it could not say so here: then it is over here too.
  belongs(there) {
    clearTimeout(this.ending);
    if (!there) this.ending = setTimeout(() => this.session?.isEstablished() && this.session.terminate(), SETTLE_SECONDS * 1000);
  }

  decline() {
    if (this.ringing) this.session.terminate({ status_code: 486 });
  }

  hangUp() {
    if (this.session && !this.session.isEnded()) this.session.terminate();
  }

  press(key) {
    if (this.session?.isEstablished()) this.session.sendDTMF(key, { transportType: "RFC2833" });
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
