// Echo server on uWebSockets with the options of its example EchoServer.cpp, messages of up to 64 MiB, and no timeout.
// Build: g++ -O2 -std=c++20 -DLIBUS_NO_SSL -I uWebSockets/src -I uSockets/src uwebsockets.cpp uSockets/*.o -lz -o echo
#include "App.h"

#include <cstdlib>
#include <string>

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    struct Data {};
    uWS::App().ws<Data>("/*", {
        .compression = uWS::CompressOptions(uWS::DEDICATED_COMPRESSOR | uWS::DEDICATED_DECOMPRESSOR),
        .maxPayloadLength = 64 * 1024 * 1024,
        .idleTimeout = 0,
        .maxBackpressure = 0,
        .message = [](auto *socket, std::string_view message, uWS::OpCode code) { socket->send(message, code, true); },
    }).listen(argv[1], std::atoi(argv[2]), [](auto *listening) { if (!listening) std::exit(1); }).run();
}
