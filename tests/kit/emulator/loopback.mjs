// The emulator listens on every interface and has no option for that: tests stay on this machine.
import { Server } from "node:net";

const listen = Server.prototype.listen;
Server.prototype.listen = function (port, ...rest) {
  const arguments_ = rest.filter((argument) => typeof argument === "function");
  return typeof port === "number" ? listen.call(this, port, "127.0.0.1", ...arguments_) : listen.call(this, port, ...rest);
};
