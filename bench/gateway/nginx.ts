/** The anchor: nginx as a plain proxy with one worker, unbuffered, as streams need it. */

import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findProgram, startProgram } from './processes.js'

/** Runs nginx in the background, prints its pid, and ends it when standard input ends. */
const KEEPER = '"$0" -p "$1" -c "$2" -e stderr & echo $!; read -r _; kill $!'

/** Starts nginx in front of an upstream; null, after saying so on stderr, if it is not there and cannot be installed. */
export async function startNginx(upstreamPort: number, folder: string): Promise<{ pid: number; port: number } | null> {
  const program = findProgram('nginx') ?? installNginx()
  if (program === null) return null
  const port = await freePort()
  mkdirSync(join(folder, 'nginx'))
  const config = join(folder, 'nginx', 'nginx.conf')
  writeFileSync(config, nginxConfig(port, upstreamPort))
  const { line } = await startProgram('/bin/sh', ['-c', KEEPER, program, join(folder, 'nginx'), config])
  await untilListening(port)
  return { pid: Number(line), port }
}

function installNginx(): string | null {
  const aptGet = process.getuid?.() === 0 ? findProgram('apt-get') : null
  if (aptGet !== null) {
    console.error('bench: nginx is missing and is installed now: apt-get install nginx-light')
    // This run level keeps the package from starting a server on port 80.
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
    for (const args of [['update'], ['install', '--yes', '--no-install-recommends', 'nginx-light']]) {
      spawnSync(aptGet, ['--quiet', ...args], { env, stdio: ['ignore', 2, 2] })
    }
  }
  const program = findProgram('nginx')
  if (program === null) {
    console.error('bench: NGINX IS MISSING, so this run has NO ANCHOR: ratios to it are left out. Install nginx.')
  }
  return program
}

function nginxConfig(port: number, upstreamPort: number): string {
  return `
daemon off;
master_process off;
worker_processes 1;
pid nginx.pid;
error_log stderr error;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  client_max_body_size 32m;
  client_body_buffer_size 1m;
  keepalive_requests 1000000000;
  upstream claude { server 127.0.0.1:${upstreamPort}; keepalive 64; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://claude;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }
  }
}
`
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

const START_ATTEMPTS = 100
const START_INTERVAL_MS = 20

async function untilListening(port: number): Promise<void> {
  for (let attempt = 0; attempt < START_ATTEMPTS; attempt++) {
    const isListening = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
      socket.on('connect', () => socket.destroy())
    })
    if (isListening) return
    await sleep(START_INTERVAL_MS)
  }
  throw new Error('nginx did not start: see its message above')
}
