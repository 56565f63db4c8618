#!/usr/bin/env node
/** The target of the program link: it exists before anything is built, so that npm can link it. */
import '../dist/main.js'
