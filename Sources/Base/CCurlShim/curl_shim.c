// libcurl's setopt is variadic and so cannot be called from Swift: this file is the one conversation we need of it.
#include "curl_shim.h"

#include <curl/curl.h>
#include <pthread.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void initialise(void) { curl_global_init(CURL_GLOBAL_DEFAULT); }

struct reader {
    const char *bytes;
    size_t left;
};

static size_t read_message(char *buffer, size_t size, size_t count, void *context) {
    struct reader *reader = context;
    size_t wanted = size * count;
    size_t taken = wanted < reader->left ? wanted : reader->left;
    memcpy(buffer, reader->bytes, taken);
    reader->bytes += taken;
    reader->left -= taken;
    return taken;
}

void pulse_smtp_send(const struct pulse_smtp_request *request, struct pulse_smtp_outcome *outcome) {
    memset(outcome, 0, sizeof *outcome);
    outcome->curl_code = CURLE_FAILED_INIT;
    pthread_once(&once, initialise);

    CURL *curl = curl_easy_init();
    struct curl_slist *recipients = curl_slist_append(NULL, request->recipient);
    if (curl != NULL && recipients != NULL) {
        char words[CURL_ERROR_SIZE] = "";
        struct reader reader = {request->message, request->message_bytes};
        curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, words);
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
        curl_easy_setopt(curl, CURLOPT_URL, request->url);
        curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, request->connect_timeout_ms);
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, request->total_timeout_ms);
        curl_easy_setopt(curl, CURLOPT_SERVER_RESPONSE_TIMEOUT, request->total_timeout_ms / 1000 + 1);
        curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
        curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)(request->require_tls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
        if (request->ca_file != NULL) curl_easy_setopt(curl, CURLOPT_CAINFO, request->ca_file);
        if (request->username != NULL) curl_easy_setopt(curl, CURLOPT_USERNAME, request->username);
        if (request->password != NULL) curl_easy_setopt(curl, CURLOPT_PASSWORD, request->password);
        curl_easy_setopt(curl, CURLOPT_MAIL_FROM, request->sender);
        curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
        curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_message);
        curl_easy_setopt(curl, CURLOPT_READDATA, &reader);

        CURLcode code = curl_easy_perform(curl);
        outcome->curl_code = code;
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &outcome->reply);
        strncpy(outcome->message, words[0] != 0 ? words : curl_easy_strerror(code), sizeof outcome->message - 1);
    } else {
        strncpy(outcome->message, "out of memory", sizeof outcome->message - 1);
    }
    curl_slist_free_all(recipients);
    curl_easy_cleanup(curl);
}
