"""Specs of several runs that are averaged: `posttrain warm` and `posttrain warp`."""
