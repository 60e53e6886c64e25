/*
 * Node's modules as `require` gives them. To import them evaluates every export, and those for WebSockets load another HTTP client:
 * it takes eight times as long.
 */
export const http = process.getBuiltinModule('node:http');
export const https = process.getBuiltinModule('node:https');
