"""What a camera is watched for."""
