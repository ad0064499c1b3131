// Java 11 or later, java.net.http: wsconform client -- java Driver.java {server}
import java.net.URI;
import java.net.http.*;
import java.nio.ByteBuffer;
import java.util.concurrent.*;

class Driver implements WebSocket.Listener {
    static final HttpClient CLIENT = HttpClient.newHttpClient();
    final CompletableFuture<Void> end = new CompletableFuture<>();
    final StringBuilder text = new StringBuilder();
    final boolean echoes;

    Driver(boolean echoes) { this.echoes = echoes; }

    public CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean last) {
        text.append(part);
        return next(socket, echoes ? socket.sendText(part, last) : null);
    }
    public CompletionStage<?> onBinary(WebSocket socket, ByteBuffer part, boolean last) {
        return next(socket, echoes ? socket.sendBinary(part, last) : null);
    }
    // One message at a time: a second send would fail before the first is complete.
    static CompletionStage<?> next(WebSocket socket, CompletionStage<WebSocket> sent) {
        if (sent == null) { socket.request(1); return null; }
        return sent.thenAccept(done -> done.request(1));
    }
    public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
        end.complete(null);
        return null;
    }
    public void onError(WebSocket socket, Throwable error) { end.complete(null); }

    static String visit(String uri, boolean echoes) {
        var driver = new Driver(echoes);
        try {
            CLIENT.newWebSocketBuilder().buildAsync(URI.create(uri), driver).join();
            driver.end.get(60, TimeUnit.SECONDS);
        } catch (Exception error) { } // the suite has its own record
        return driver.text.toString();
    }

    public static void main(String[] arguments) {
        var server = arguments[0];
        int count = Integer.parseInt(visit(server + "/getCaseCount", false));
        for (int number = 1; number <= count; number++) {
            visit(server + "/runCase?case=" + number + "&agent=java", true);
        }
        visit(server + "/updateReports?agent=java", false);
    }
}
