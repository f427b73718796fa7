"""ONVIF devices: asked over SOAP, found over WS-Discovery, moved over PTZ. All of them hostile.

This is a room of ``ingest`` and not of ``camera_registry``: it is workers that stand in the camera
network, and what a device answers is as much a camera's data as its video is.
"""
